"""Trains and encodes with Hugging Face's tokenizers: one JSON object a line on stdin, one on stdout.

Number of threads: RAYON_NUM_THREADS, and TOKENIZERS_PARALLELISM=false for one.
"""

import hashlib
import json
import sys
import time

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers


def train(documents, pattern, vocabulary_size, special_tokens=(), **options):
    with open(documents, encoding="utf-8") as file:
        texts = [json.loads(line) for line in file]
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=list(special_tokens),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        **options,
    )
    start, cpu_start = time.perf_counter(), time.process_time()
    tokenizer.train_from_iterator(texts, trainer)
    ms, cpu_ms = 1000 * (time.perf_counter() - start), 1000 * (time.process_time() - cpu_start)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    lines = "".join(f"{first} {second}\n" for first, second in merges)
    digest = hashlib.sha256(lines.encode()).hexdigest()
    return {"ms": ms, "cpuMs": cpu_ms, "numMerges": len(merges), "digest": digest}


def encode(tokenizer, texts):
    loaded = Tokenizer.from_file(tokenizer)
    return {"ids": [loaded.encode(text, add_special_tokens=False).ids for text in texts]}


commands = {"train": train, "encode": encode}

for line in sys.stdin:
    request = json.loads(line)
    answer = commands[request.pop("command")](**request)
    print(json.dumps(answer), flush=True)
