"""Runs the quality filters of datatrove over documents.

    filters.py --check                  imports the filters and judges one document
    filters.py each  IN.jsonl OUT.jsonl judges every document by every filter on its own
    filters.py chain IN.jsonl OUT.jsonl runs the filters one behind the other, as FineWeb does

A line of IN is {"id": …, "text": …}. A line of OUT is {"id": …, "FILTER": {"reason": null or why it was removed,
"text": the text behind the filter where it changed}} in the first mode, with what the chain makes of it as "chain", and
{"id", "filter", "reason", "text"} in the second. The last line on standard output is {"seconds": …}, the time in the filters alone.
"""

import json
import os
import sys
import time

# Nothing may be fetched: what is not installed shall fail.
os.environ["HF_HUB_OFFLINE"] = "1"

from loguru import logger  # noqa: E402

logger.remove()

from datatrove.data import Document  # noqa: E402
from datatrove.pipeline.filters.c4_filters import C4QualityFilter  # noqa: E402
from datatrove.pipeline.filters.fineweb_quality_filter import FineWebQualityFilter  # noqa: E402
from datatrove.pipeline.filters.gopher_quality_filter import GopherQualityFilter  # noqa: E402
from datatrove.pipeline.filters.gopher_repetition_filter import GopherRepetitionFilter  # noqa: E402

# As in examples/fineweb.py of datatrove; the order is FineWeb's.
FILTERS = {
    "gopher-repetition": GopherRepetitionFilter(),
    "gopher-quality": GopherQualityFilter(),
    "c4": C4QualityFilter(filter_no_terminal_punct=False),
    "fineweb": FineWebQualityFilter(),
}


def judge(filter_, document):
    """None where the document is kept, else the reason."""
    try:
        result = filter_.filter(document)
    except ZeroDivisionError:
        return "error-division-by-zero"
    if isinstance(result, tuple):
        return None if result[0] else result[1]
    return None if result else "removed"


def each(record):
    answer = {"id": record["id"]}
    for name, filter_ in FILTERS.items():
        document = Document(text=record["text"], id=str(record["id"]))
        answer[name] = {"reason": judge(filter_, document)}
        if document.text != record["text"]:
            answer[name]["text"] = document.text
    answer["chain"] = chain_from(answer, record)
    return answer


def chain_from(answer, record):
    """What the chain gives, from what every filter gave: only FineWeb's sees a text that a filter before it changed."""
    for name in FILTERS:
        reason = answer[name]["reason"]
        text = answer["c4"].get("text", record["text"])
        if name == "fineweb" and text != record["text"]:
            reason = judge(FILTERS[name], Document(text=text, id=str(record["id"])))
        if reason is not None:
            return {"filter": name, "reason": reason}
    return {"filter": None, "reason": None, "text": text}


def chain(record):
    document = Document(text=record["text"], id=str(record["id"]))
    for name, filter_ in FILTERS.items():
        reason = judge(filter_, document)
        if reason is not None:
            return {"id": record["id"], "filter": name, "reason": reason}
    return {"id": record["id"], "filter": None, "reason": None, "text": document.text}


def main():
    if sys.argv[1:] == ["--check"]:
        print(json.dumps(chain({"id": 0, "text": "The peer works and that is all to be said."})))
        return
    mode, source, target = sys.argv[1:]
    answer_to = {"each": each, "chain": chain}[mode]
    seconds = 0.0
    with open(source, encoding="utf-8") as lines, open(target, "w", encoding="utf-8") as out:
        for line in lines:
            record = json.loads(line)
            start = time.perf_counter()
            answer = answer_to(record)
            seconds += time.perf_counter() - start
            out.write(json.dumps(answer, ensure_ascii=False) + "\n")
    print(json.dumps({"seconds": seconds}))


main()
