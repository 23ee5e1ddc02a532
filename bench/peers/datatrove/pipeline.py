"""Makes a dataset of documents with datatrove as FineWeb does, on one core, and tells what each stage takes.

    pipeline.py CORPUS_FOLDER TOKENIZER.json WORK_FOLDER RESULT.json

Filters, MinHash (signatures, buckets, clusters, filter) and tokens, one after the other in this process, by
LocalPipelineExecutor with one task and one worker. The numbers of MinHash are FineWeb's: 14 buckets of 8 hashes over
5-grams. RESULT holds, per stage, the processor time without that of the stage before it; why documents were removed; and
the groups of duplicates. Nothing is fetched.
"""

import json
import os
import struct
import sys
import time
from collections import defaultdict
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

from datatrove.executor.local import LocalPipelineExecutor  # noqa: E402
from datatrove.pipeline.dedup.minhash import (  # noqa: E402
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.filters.c4_filters import C4QualityFilter  # noqa: E402
from datatrove.pipeline.filters.fineweb_quality_filter import FineWebQualityFilter  # noqa: E402
from datatrove.pipeline.filters.gopher_quality_filter import GopherQualityFilter  # noqa: E402
from datatrove.pipeline.filters.gopher_repetition_filter import GopherRepetitionFilter  # noqa: E402
from datatrove.pipeline.readers.jsonl import JsonlReader  # noqa: E402
from datatrove.pipeline.tokens.tokenizer import DocumentTokenizer  # noqa: E402
from datatrove.pipeline.writers.jsonl import JsonlWriter  # noqa: E402

seconds = defaultdict(float)
removed = {}


def clocked(name, step):
    """The step with a clock: what it takes, less what it waits for the step before it."""

    def timed(iterable, stage, sign):
        iterator = iter(iterable)
        while True:
            start = time.process_time()
            try:
                item = next(iterator)
            except StopIteration:
                return
            finally:
                seconds[stage] += sign * (time.process_time() - start)
            yield item

    def run(data=None, rank=0, world_size=1):
        upstream = None if data is None else timed(data, name, -1)
        start = time.process_time()
        result = step(upstream, rank, world_size)
        seconds[name] += time.process_time() - start
        return None if result is None else timed(result, name, 1)

    return run


def noting(name, filter_):
    """The filter, that also notes why it removes a document."""
    judge = filter_.filter

    def noted(document):
        try:
            result = judge(document)
        except ZeroDivisionError:
            result = (False, "error-division-by-zero")
        reason = result[1] if isinstance(result, tuple) and not result[0] else None if result else "removed"
        if reason is not None:
            removed[document.id] = f"{name}/{reason}"
        return result

    filter_.filter = noted
    return filter_


def execute(logs, pipeline, tasks=1):
    LocalPipelineExecutor(pipeline, logging_dir=str(logs), tasks=tasks, workers=1).run()


def main():
    corpus, tokenizer, work, target = (Path(argument) for argument in sys.argv[1:])
    kept = work / "kept"
    filters = {
        "gopher-repetition": GopherRepetitionFilter(),
        "gopher-quality": GopherQualityFilter(),
        "c4": C4QualityFilter(filter_no_terminal_punct=False),
        "fineweb": FineWebQualityFilter(),
    }
    execute(
        work / "logs" / "filters",
        [
            clocked("read", JsonlReader(str(corpus))),
            *(clocked(name, noting(name, filter_)) for name, filter_ in filters.items()),
            clocked("write documents", JsonlWriter(str(kept), compression=None)),
        ],
    )
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    signatures, buckets, clusters = work / "signatures", work / "buckets", work / "clusters"
    execute(
        work / "logs" / "signatures",
        [
            clocked("read again", JsonlReader(str(kept))),
            clocked("MinHash signatures", MinhashDedupSignature(str(signatures), config=config)),
        ],
    )
    execute(
        work / "logs" / "buckets",
        [clocked("MinHash grouping", MinhashDedupBuckets(str(signatures), str(buckets), config=config))],
        tasks=config.num_buckets,
    )
    execute(
        work / "logs" / "clusters",
        [clocked("MinHash grouping", MinhashDedupCluster(str(buckets), str(clusters), config=config))],
    )
    execute(
        work / "logs" / "tokens",
        [
            clocked("read again", JsonlReader(str(kept))),
            clocked("MinHash grouping", MinhashDedupFilter(str(clusters))),
            clocked(
                "tokenize and write",
                DocumentTokenizer(str(work / "tokens"), str(tokenizer), eos_token="<|bos|>", shuffle_documents=False),
            ),
        ],
    )
    num_tokens = sum(path.stat().st_size for path in (work / "tokens").glob("*.ds")) // 2
    result = {"seconds": seconds, "removed": removed, "groups": groups(kept, buckets, clusters), "numTokens": num_tokens}
    target.write_text(json.dumps(result))


def groups(kept, buckets, clusters):
    """The documents in groups, from the pairs that the buckets found and the documents that the clusters remove."""
    ids = [json.loads(line)["id"] for path in sorted(kept.glob("*.jsonl")) for line in path.open(encoding="utf-8")]
    parents = {}

    def root(document):
        while parents.setdefault(document, document) != document:
            document = parents[document]
        return document

    for path in buckets.glob("*.dups"):
        for _, first, _, second in struct.iter_unpack("<4I", path.read_bytes()):
            a, b = root(first), root(second)
            parents[max(a, b)] = min(a, b)
    gone = {document for path in clusters.glob("*.remove") for (document,) in struct.iter_unpack("<I", path.read_bytes())}
    return {
        ids[document]: {"group": ids[root(document)], "kept": document not in gone} for document in sorted(parents)
    }


main()
