"""The protocol that a Python peer of the step benchmark speaks; README.md beside this file describes it.

Everything but the training step itself is here, so that every Python peer is timed by the same lines.
"""

import argparse
import json
import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np


class PeerError(Exception):
    """A fault of the caller's (a flag, a file); its message is the one sentence that is printed."""


@dataclass(frozen=True)
class Model:
    vocabularySize: int
    width: int
    numLayers: int
    numHeads: int
    contextLength: int
    batchSize: int
    hiddenWidth: int


@dataclass(frozen=True)
class Optimizer:
    learningRate: float
    beta1: float
    beta2: float
    epsilon: float
    weightDecay: float


@dataclass(frozen=True)
class Task:
    """What a peer trains: `parameters` maps a name to a float32 array, `tokens` is int32 [N, B, T+1]."""

    model: Model
    optimizer: Optimizer
    parameters: dict[str, np.ndarray]
    tokens: np.ndarray


@dataclass(frozen=True)
class Peer:
    """`step(k)` runs step k (from 0) and returns its loss, measured before the update, as a Python number."""

    versions: dict[str, str]
    step: Callable[[int], float]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise PeerError(f"Bad arguments: {message}.")


def _read_file(path: str, what: str, num_values: int, dtype: str) -> np.ndarray:
    try:
        values = np.fromfile(path, dtype=dtype)
    except OSError as error:
        raise PeerError(f"Cannot read the {what} file {path}: {error.strerror}.") from error
    if values.size < num_values:
        raise PeerError(f"The {what} file {path} holds {values.size} values, expected at least {num_values}.")
    return values


def read_task(path: str) -> Task:
    """Reads the spec at `path` and the two binary files it names."""
    try:
        spec = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise PeerError(f"Cannot read the spec file {path}: {error.strerror}.") from error
    except ValueError as error:
        raise PeerError(f"The spec file {path} is not JSON: {error}.") from error
    try:
        model = Model(**spec["model"])
        optimizer = Optimizer(**spec["optimizer"])
        entries = spec["parameters"]["entries"]
        sizes = [int(np.prod(entry["shape"])) for entry in entries]
        num_floats = max(entry["offset"] + size for entry, size in zip(entries, sizes))
        values = _read_file(spec["parameters"]["path"], "parameter", num_floats, "<f4")
        parameters = {
            entry["name"]: values[entry["offset"] : entry["offset"] + size].reshape(entry["shape"])
            for entry, size in zip(entries, sizes)
        }
        shape = (spec["tokens"]["numBatches"], model.batchSize, model.contextLength + 1)
        num_tokens = int(np.prod(shape))
        tokens = _read_file(spec["tokens"]["path"], "token", num_tokens, "<i4")[:num_tokens].reshape(shape)
    except (KeyError, TypeError, ValueError) as error:
        raise PeerError(f"The spec file {path} is incomplete or of the wrong form: {error!r}.") from error
    return Task(model, optimizer, parameters, tokens)


def _cpu_seconds() -> float:
    """User and system time of this process with all its threads, and of the children that have ended."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak_bytes() -> int:
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    except OSError:
        # ru_maxrss is in bytes on macOS and in KiB elsewhere.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def serve(load: Callable[[argparse.Namespace], Peer], options: dict[str, tuple[str, ...]]) -> None:
    """Runs a peer: parses the flags, calls `load`, then answers commands until "exit" or the end of stdin.

    `options` maps a flag of the peer's own to its legal values, the first being the default. `load` gets the flags
    and calls `read_task(arguments.spec)`; it imports the framework itself, so that loadMs counts the import.
    """
    # Libraries print to stdout as they please: keep the real one for the protocol and send theirs to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(value: dict) -> None:
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    try:
        start = time.perf_counter()
        parser = _Parser(add_help=False, allow_abbrev=False)
        parser.add_argument("--spec", required=True)
        parser.add_argument("--threads", type=int, required=True)
        for name, values in options.items():
            parser.add_argument(f"--{name}", choices=values, default=values[0])
        arguments = parser.parse_args()
        if arguments.threads < 1:
            raise PeerError(f"Bad arguments: --threads is {arguments.threads}, expected at least 1.")
        peer = load(arguments)
        load_ms = (time.perf_counter() - start) * 1000
        answer({"ready": True, "versions": peer.versions, "loadMs": load_ms, "threads": arguments.threads})

        next_step = 0
        for line in sys.stdin:
            if not line.strip():
                continue
            try:
                command = json.loads(line)
                name, count = command["command"], int(command.get("count", 1))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise PeerError(f"Cannot understand the command {line.strip()}: {error!r}.") from error
            if name == "exit":
                break
            if name != "steps":
                raise PeerError(f'Unknown command "{name}", expected "steps" or "exit".')
            losses, step_ms = [], []
            cpu_start = _cpu_seconds()
            for _ in range(count):
                step_start = time.perf_counter()
                losses.append(peer.step(next_step))
                step_ms.append((time.perf_counter() - step_start) * 1000)
                next_step += 1
            cpu_seconds = _cpu_seconds() - cpu_start
            answer({"losses": losses, "stepMs": step_ms, "cpuSeconds": cpu_seconds, "peakBytes": _peak_bytes()})
    except PeerError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
