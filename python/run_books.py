"""The books of a run: its log and `run.json`. The first process keeps them, under the lock of the run."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from jax.sharding import Mesh

from bundle import Record
from event_log import EventLog
from processes import StoppedElsewhere, is_first, say
from records import Fault, read_signed, signed_text, write_durably
from run_lock import RunLock


class Seen:
    """What the log of a run says when it goes on after a step."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.is_empty = True
        self.has_begun = step > 0
        self.is_evaluated = False
        self.final: Record | None = None

    def note(self, event: Record) -> None:
        self.is_empty = False
        # What a bundle was made with is no training yet.
        self.has_begun = self.has_begun or event["type"] not in ("started", "warning", "checkpoint")
        if event["type"] == "evaluation" and event["step"] == self.step:
            if event["isFinal"]:
                self.final = event
            else:
                self.is_evaluated = True


class RunBooks:
    """What is told to the log and to `run.json`: by the first process; in the others all of it does nothing."""

    def __init__(self, run: Path, lock: RunLock | None) -> None:
        self.run = run
        # Of the first process; none where nothing is to be written.
        self.lock = lock
        self.log: EventLog | None = None
        self.record: Record = {}

    def read(self) -> Record:
        """`run.json` as it is. Raises `invalid-run`."""
        self.record = read_run(self.run)
        return self.record

    def open_log(self, step: int) -> Seen:
        """Opens the log to go on after a step: what it says of later ones is dropped."""
        seen = Seen(step)
        self.log = EventLog(self.run / "events.jsonl", step, seen.note)
        return seen

    def tell(self, event: Record) -> None:
        if self.log:
            self.log.append(event)

    def warn(self, step: int, message: str) -> None:
        self.tell({"type": "warning", "step": step, "message": message})
        say(f"warning: {message}")

    def check_lock(self) -> None:
        if self.lock:
            self.lock.check()

    def sync(self) -> None:
        """Flushes the log, where the run is still this process's. Raises `locked`."""
        self.check_lock()
        if self.log:
            self.log.sync()

    def update(self, **changes: Any) -> None:
        """Writes `run.json` anew. Raises `locked` where the run is another's by now."""
        self.check_lock()
        if is_first():
            self.record = {**self.record, **changes}
            write_durably(self.run / "run.json", [signed_text(self.record).encode()])

    def record_failure(self, error: BaseException, step: int) -> None:
        """Lets `run.json` and the log say why the run ended after a step; what keeps them from it must not
        hide that reason.
        """
        if self.log is None or not self.record:
            return
        if isinstance(error, StoppedElsewhere):
            error = Fault(
                "engine-failure", "another process could not go on", "Look at what that one printed."
            )
        fault = error if isinstance(error, Fault) else Fault("internal", repr(error), "Please report this.")
        if fault.code == "locked" or not attempted(self.check_lock):
            # The folder is another process's, and says what that one does.
            return
        if fault.code == "interrupted":
            attempted(lambda: self.update(status="stopped"))
            return
        told = {"code": fault.code, "message": str(fault)}
        failure = {**told, "hint": fault.hint, "step": step}
        attempted(lambda: self.update(status="failed", failure=failure))
        attempted(lambda: self.tell({"type": "failed", **told, "step": step}))
        attempted(self.sync)


def attempted(work: Callable[[], None]) -> bool:
    """Does what may fail without hiding why the run ended; false where it failed."""
    try:
        work()
    except Exception as second:  # whatever it is, it comes second
        print(f"warning: {second}", file=sys.stderr, flush=True)
        return False
    return True


def read_run(run: Path) -> Record:
    """`run.json` of a run. Raises `invalid-run`."""
    try:
        return read_signed(run / "run.json", "groundwork-run")
    except ValueError as fault:
        raise Fault(
            "invalid-run", f"{run / 'run.json'}: {fault}", "Copy it again from where it is sound."
        ) from fault


def engine_facts(mesh: Mesh) -> Record:
    """What the run is trained on, for `run.json`."""
    device = jax.devices()[0]
    versions = {
        "python": platform.python_version(),
        "jax": jax.__version__,
        "jaxlib": importlib.metadata.version("jaxlib"),
        "device": device.device_kind,
        "numDevices": jax.device_count(),
        "numProcesses": jax.process_count(),
        "mesh": dict(mesh.shape),
    }
    return {"provider": "jax", "numThreads": None, "name": f"jax/{device.platform}", "versions": versions}
