"""What all rows of the GPU benchmark share: the task, first values, tokens, and how a row is timed.

A row is a script that defines `load(task, model, arguments, micro_batch_size) -> Row` and calls
`run_row(load)`. Each turn of a row is a process of its own, which prints one line of JSON. Nothing here
imports a framework.
"""

import argparse
import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

NUM_BATCHES = 8


class OutOfMemory(Exception):
    """The device has no room for micro-batches of this size."""


class Unavailable(Exception):
    """The row cannot run here; its message is the one sentence that is printed."""


@dataclass(frozen=True)
class Row:
    """A model that is loaded: `step` starts one training step and `fetch` waits for what it returned."""

    step: Callable[[int], Any]
    fetch: Callable[[Any], tuple[float, float]]
    """(loss, gradient norm before clipping) of a step."""
    peak_bytes: Callable[[], int | None]
    versions: dict[str, str]
    device: dict[str, Any]
    compile_ms: float | None = None
    """Of frameworks that compile ahead; the others do so in the first step."""
    planned_bytes: int | None = None
    """What the compiler reserves for the step, state included, where it tells."""


def hashed(seed: int, count: int) -> np.ndarray:
    """Numbers 0 … 2²⁴ − 1 that depend on seed and place alone; `first-values.ts` gives the same ones."""
    x = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(seed * 0x85EBCA6B % 2**32)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return (x ^ (x >> np.uint32(16))) >> np.uint32(8)


def first_values(model: dict) -> dict[str, np.ndarray]:
    """The parameters by name, uniform around their centre with their deviation, float32."""
    values = {}
    for number, entry in enumerate(model["parameters"]):
        shape = entry["shape"]
        uniform = hashed(number + 1, int(np.prod(shape))).astype(np.float64) / 2**24 - 0.5
        values[entry["name"]] = (
            (entry["center"] + uniform * (entry["deviation"] * 12**0.5)).astype(np.float32).reshape(shape)
        )
    return values


def batches(model: dict) -> list[tuple[np.ndarray, np.ndarray]]:
    """Tokens and targets int32 [R, T] of a few steps; low tokens are far more frequent than high ones."""
    rows, size = model["batchSize"], model["size"]
    T, V = size["contextLength"], size["vocabularySize"]
    made = []
    for number in range(NUM_BATCHES):
        uniform = hashed(1000 + number, rows * (T + 1)).astype(np.float64) / 2**24
        text = (V * uniform**3).astype(np.int32).reshape(rows, T + 1)
        made.append((np.ascontiguousarray(text[:, :-1]), np.ascontiguousarray(text[:, 1:])))
    return made


def peak_resident_bytes() -> int:
    """The most memory of this process so far: what is told where there is no device memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def finite(number: float) -> float | None:
    """JSON has no other numbers."""
    return number if np.isfinite(number) else None


def _milliseconds(start: float) -> float:
    return 1e3 * (time.perf_counter() - start)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--task", required=True, help="the folder with task.json")
    parser.add_argument("--model", required=True)
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--micro", help="micro-batch sizes to try, in this order, such as 32,16")
    parser.add_argument("--form", choices=("fast", "reference"), default="fast", help="of the emitted step")
    parser.add_argument("--attention", choices=("default", "xla", "cudnn"), default="default")
    parser.add_argument("--eager", action="store_true", help="PyTorch without torch.compile")
    parser.add_argument(
        "--newton-schulz", choices=("float32", "bfloat16"), help="of Muon; default: as the task says"
    )
    parser.add_argument("--check-steps", type=int, default=10, help="first steps, whose losses are told")
    parser.add_argument("--bursts", type=int, default=4)
    parser.add_argument("--steps", type=int, default=5, help="steps of a burst")
    parser.add_argument("--no-check", action="store_true", help="leave out the small model in float32")
    return parser.parse_args()


Load = Callable[[dict, dict, argparse.Namespace, int], Row]


def _first_steps(row: Row, count: int) -> dict:
    """Losses and gradient norms of the first steps, and how long the very first one took."""
    start = time.perf_counter()
    seen = [row.fetch(row.step(0))]
    first_ms = _milliseconds(start)
    seen += [row.fetch(row.step(number)) for number in range(1, count)]
    losses, norms = ([finite(number) for number in numbers] for numbers in zip(*seen))
    return {"losses": losses, "gradientNorms": norms, "firstStepMs": first_ms}


def _check(load: Load, task: dict, model: dict, arguments: argparse.Namespace) -> dict | None:
    """The same model, small and in float32, where two right implementations agree to many digits."""
    check = model["check"]
    if arguments.no_check or arguments.attention == "cudnn":
        return None
    row = load(task, check, arguments, check["microBatchSizes"][0])
    seen = _first_steps(row, 5)
    return {"losses": seen["losses"], "gradientNorms": seen["gradientNorms"]}


def _measure(row: Row, arguments: argparse.Namespace) -> dict:
    result = _first_steps(row, arguments.check_steps)
    number = arguments.check_steps
    burst_ms = []
    for _ in range(arguments.bursts):
        start = time.perf_counter()
        for _ in range(arguments.steps):
            last = row.step(number)
            number += 1
        row.fetch(last)
        burst_ms.append(_milliseconds(start) / arguments.steps)
    return {**result, "burstMs": burst_ms, "peakBytes": row.peak_bytes()}


def _turn(load: Load, arguments: argparse.Namespace) -> dict:
    task = json.loads((Path(arguments.task) / "task.json").read_text(encoding="utf-8"))
    model = next(model for model in task["models"] if model["id"] == arguments.model)
    sizes = (
        model["microBatchSizes"]
        if arguments.micro is None
        else [int(size) for size in arguments.micro.split(",")]
    )
    check = _check(load, task, model, arguments)
    too_large: list[int] = []
    for size in sizes:
        start = time.perf_counter()
        row = None
        gc.collect()
        try:
            row = load(task, model, arguments, size)
            load_ms = _milliseconds(start) - (row.compile_ms or 0)
            measured = _measure(row, arguments)
        except OutOfMemory:
            too_large.append(size)
            continue
        return {
            "microBatchSize": size, "tooLarge": too_large, "loadMs": load_ms, "compileMs": row.compile_ms,
            "plannedBytes": row.planned_bytes, "versions": row.versions, "device": row.device, "check": check,
            **measured,
        }  # fmt: skip
    raise Unavailable(f"no micro-batch fits into memory: tried {', '.join(map(str, too_large))}")


def run_row(load: Load) -> None:
    """Runs one turn of a row: prints its result, or `{"unavailable": reason}`, as the last line."""
    # Libraries print to stdout as they please: keep the real one for the result and send theirs to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        result = _turn(load, _arguments())
    except Unavailable as reason:
        result = {"unavailable": str(reason)}
    answers.write(json.dumps(result) + "\n")
    answers.flush()
