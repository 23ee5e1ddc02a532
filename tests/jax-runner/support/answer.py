"""Answers questions of tests about the modules of the runner: one JSON object on standard input, one on standard output."""

import errno
import importlib.util
import json
import os
import struct
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import checkpoints
import event_log
import progress
import records
import run_lock
from batches import Batches


def number_texts(bits: list[str]) -> list[str]:
    """Of doubles, given by their bits."""
    return [records.number_text(struct.unpack(">d", bytes.fromhex(one))[0]) for one in bits]


def json_forms(texts: list[str]) -> list[list[str]]:
    """Canonical JSON of what is read, its hash, and the record with its signature where it is an object."""
    forms = []
    for text in texts:
        value = records.parse_json(text)
        canonical = records.canonical_json(value)
        signed = records.signed_text(value) if isinstance(value, dict) else ""
        forms.append([canonical, records.sha256_hex(canonical), signed])
    return forms


def event_lines(lines: list[str]) -> list[str]:
    def number(value):
        return float(value) if value in ("NaN", "Infinity", "-Infinity") else value

    return [
        event_log.event_line({name: number(value) for name, value in records.parse_json(line).items()}) for line in lines
    ]


def factors(runs: list) -> list[list[float]]:
    """Of runs, given by schedule and length."""
    return [[progress.schedule_factor(schedule, step, n) for step in range(n)] for schedule, n in runs]


def rescheduled_factors(schedules: list[dict], num_steps: int, rescheduling: dict) -> list[list[float]]:
    steps = range(rescheduling["numSteps"])
    return [[progress.factor_of_step(one, num_steps, rescheduling, step) for step in steps] for one in schedules]


def histories(runs: list[list], num_steps: int, history: dict) -> list:
    return [told_history(losses, num_steps, history) for losses in runs]


def told_history(losses: list, num_steps: int, history: dict) -> list:
    """The history after each loss (None: a step that was skipped), and why the run would stop."""
    told = []
    for loss in losses:
        history = progress.after_skipped_step(history) if loss is None else progress.after_step(history, loss)
        told.append([history, progress.cause_to_stop(history, num_steps)])
    return told


def batches(folder: str, manifest: dict, steps: list[int], parts: list[int]) -> list[list[dict]]:
    """Batches whose rows are built in some number of parts, as by so many processes; for each of some numbers."""
    source = Batches(Path(folder), manifest)
    return [[told_batch(source, step, num_parts) for step in steps] for num_parts in parts]


def told_batch(source: Batches, step: int, num_parts: int) -> dict:
    size = source.batch_size // num_parts
    pieces = [source.rows(step, part * size, (part + 1) * size) for part in range(num_parts)]
    batch = {name: np.concatenate([piece[name] for piece in pieces]).reshape(-1).tolist() for name in pieces[0]}
    places = [list(place) for place in source.places(step)]
    return {**batch, "places": places, "numTokens": source.num_tokens(step)}


def publish(source: str, target: str, step: int) -> dict:
    """Writes the checkpoint of one run into another, from its numbers alone."""
    run = Path(source)
    manifest = checkpoints.verify_checkpoint(run, step)
    folder = run / "checkpoints" / checkpoints.checkpoint_name(step)
    parts = [checkpoints.open_safetensors(folder / name) for name in checkpoints.FILES[:2]]
    shapes = [{name: part[name].shape for name in reversed(part)} for part in parts]
    tensors = (part[name] for part in parts for name in checkpoints.file_order(part))
    training = checkpoints.training_state(run, step)
    size = checkpoints.publish_checkpoint(Path(target), step, *shapes, tensors, training, manifest["fingerprints"])
    return {"sizeBytes": size}


def open_logs(paths: list[str], after_step: int) -> list:
    """What is seen of each log when it is opened after a step, or why it is refused."""
    told = []
    for path in paths:
        seen: list[dict] = []
        try:
            event_log.EventLog(Path(path), after_step, seen.append).close()
            told.append(seen)
        except records.Fault as refused:
            told.append(refused.code)
    return told


def lock(path: str, job: str) -> str:
    """Takes a lock as a process of a job of a scheduler, gives it free, and tells what it said."""
    os.environ["GROUNDWORK_JOB"] = job
    taken = run_lock.take_lock(Path(path), "the run")
    text = Path(path).read_text()
    taken.release()
    return text


def lock_without_links(path: str) -> list[bool]:
    """On a disk that gives no file a second name: whether a lock is taken, holds, and is taken over from the dead."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "no second names")

    os.link = refuse
    first = run_lock.take_lock(Path(path), "the run")
    try:
        run_lock.take_lock(Path(path), "the run")
        is_held = False
    except records.Fault as held:
        is_held = held.code == "locked"
    holder = json.loads(Path(path).read_text())
    first.release()
    Path(path).write_text(json.dumps({**holder, "startedAt": "1"}))
    run_lock.take_lock(Path(path), "the run").release()
    return [is_held, not any(Path(path).parent.glob("run.lock*"))]


def slurm_lock(path: str, num_restarts: int) -> str:
    """Takes a lock of another machine as a process of the same job of Slurm."""
    os.environ.update({"SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": str(num_restarts)})
    other = {"process": 1, "startedAt": None, "machine": "another-node", "token": "t", "job": "SLURM_JOB_ID=7"}
    Path(path).write_text(json.dumps(other))
    run_lock.take_lock(Path(path), "the run").release()
    return "taken"


def lost_lock(path: str, holder: dict | None) -> None:
    """Looks at a lock after another one has taken it, or removed it."""
    taken = run_lock.take_lock(Path(path), "the run")
    taken.check()
    Path(path).unlink()
    if holder is not None:
        Path(path).write_text(json.dumps(holder))
    try:
        taken.check()
    finally:
        taken.release()


def cut_log(path: str) -> str:
    """A log where an event could be written by half and not be cut back, and then another one is written."""
    log = event_log.EventLog(Path(path), 0, lambda event: None)
    log.append({"type": "started"})
    write_all, truncate = event_log.write_all, os.ftruncate

    def write_half(handle: int, line: bytes) -> None:
        write_all(handle, line[: len(line) // 2])
        raise OSError(errno.ENOSPC, "full")

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    event_log.write_all, os.ftruncate = write_half, refuse
    try:
        log.append({"type": "finished"})
    except records.Fault:
        event_log.write_all, os.ftruncate = write_all, truncate
    log.append({"type": "stopped", "step": 0, "signal": "SIGTERM"})
    return Path(path).read_text()


def suits_cudnn(devices: list[dict], precision: str) -> list[bool]:
    import sharding

    return [sharding.suits_cudnn(SimpleNamespace(**device), precision) for device in devices]


def compile_attention(path: str, attention: str | None, refusal: dict | None) -> dict:
    """Compiles a step as on a device that cuDNN suits: what stands for cuDNN computes as XLA does, and refuses while JAX traces it, or
    while XLA compiles it, if so wished. Tells which kernels were traced, and with which the step was compiled.
    """
    import jax
    import sharding

    spec = importlib.util.spec_from_file_location("step", path)
    step = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(step)
    traced, told = [], []
    compute, compile_lowered = jax.nn.dot_product_attention, jax.stages.Lowered.compile

    def refuse(when: str) -> None:
        if refusal is not None and refusal["when"] == when and traced[-1] == "cudnn":
            raise {"ValueError": ValueError, "RuntimeError": RuntimeError}[refusal["kind"]](refusal["message"])

    def attention_as_told(*arrays, implementation, **options):
        traced.append(implementation)
        refuse("tracing")
        return compute(*arrays, **options)

    def compile_as_told(lowered, *options):
        refuse("compiling")
        return compile_lowered(lowered, *options)

    jax.nn.dot_product_attention, jax.stages.Lowered.compile = attention_as_told, compile_as_told
    sharding.suits_cudnn = lambda device, precision: True
    try:
        sharding.compile_step(step, sharding.make_mesh(), "default", attention, told.append)
        error = None
    except (ValueError, RuntimeError) as found:
        error = str(found)
    return {"traced": sorted({one or "xla" for one in traced}), "taken": step.ATTENTION, "told": told, "error": error}


def fault(call: str, arguments: list) -> dict:
    """The fault of another call."""
    try:
        return {"answer": globals()[call](*arguments)}
    except records.Fault as found:
        return {"code": found.code, "message": str(found), "hint": found.hint, "exitCode": found.exit_code}


question = json.load(sys.stdin)
answer = globals()[question["call"]](*question["arguments"])
sys.stdout.write(json.dumps(answer))
