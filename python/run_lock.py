"""The lock of a run, as Groundwork takes it: at most one process writes in its folder."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from records import Fault, explained, json_text


def scheduled_job() -> str | None:
    """The job of a scheduler that this process is of; it keeps its name when it starts again elsewhere."""
    for variable in ("GROUNDWORK_JOB", "SLURM_JOB_ID", "SKYPILOT_TASK_ID"):
        if value := os.environ.get(variable):
            return f"{variable}={value}"
    return None


def take_lock(path: Path, what: str) -> Callable[[], None]:
    """Takes a lock, a file that says who holds it, as Groundwork does; returns what gives it free.

    A lock whose process is gone is taken over. So is one of the same job of a scheduler on another machine:
    it starts a job again only when the one before has ended. Raises `locked`.
    """
    mine = {
        "process": os.getpid(),
        "startedAt": _start_time_of(os.getpid()),
        "machine": socket.gethostname(),
        "token": str(uuid.uuid4()),
        "job": scheduled_job(),
    }
    with explained(path, "write"):
        if not _appear(path, mine):
            # Whoever removes a dead lock holds a lock on that, or two could each remove the fresh lock of the
            # other.
            takeover = path.with_name(path.name + ".takeover")
            if not _appear(takeover, mine) and not (_remove_dead(takeover, mine) and _appear(takeover, mine)):
                raise _locked(what, takeover)
            try:
                if not _remove_dead(path, mine) or not _appear(path, mine):
                    raise _locked(what, path)
            finally:
                takeover.unlink(missing_ok=True)

    def release() -> None:
        holder = _read_holder(path)
        if holder is not None and holder.get("token") == mine["token"]:
            path.unlink(missing_ok=True)

    return release


def _appear(path: Path, holder: dict[str, Any]) -> bool:
    """Lets a lock file appear with its contents; false where there is one."""
    draft = path.with_name(f"{path.name}.{holder['token']}")
    try:
        with draft.open("w") as file:
            file.write(json_text(holder) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
        return True
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)


def _remove_dead(path: Path, mine: dict[str, Any]) -> bool:
    """Removes a lock whose holder is gone; false where it may live. It is moved aside and looked at again
    there.
    """
    if not _is_dead(path, mine):
        return False
    aside = path.with_name(f"{path.name}.{mine['token']}.dead")
    try:
        os.rename(path, aside)
    except FileNotFoundError:
        return True
    was_dead = _is_dead(aside, mine)
    try:
        if not was_dead:
            os.link(aside, path)
    except FileExistsError:
        # Another lock appeared meanwhile; there is no place for this one any more.
        pass
    finally:
        aside.unlink(missing_ok=True)
    return was_dead


def _read_holder(path: Path) -> dict[str, Any] | None:
    """Who holds a lock; None where there is none, an empty record where it cannot be read."""
    try:
        holder = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _is_dead(path: Path, mine: dict[str, Any]) -> bool:
    """Whether the holder of a lock is gone for certain."""
    holder = _read_holder(path)
    if holder is None:
        return True
    if "process" not in holder or "machine" not in holder:
        # No process that lives leaves a lock without contents: its writer was there before the machine was
        # started.
        with contextlib.suppress(OSError, ValueError):
            return path.stat().st_mtime < time.time() - float(Path("/proc/uptime").read_text().split()[0])
        return False
    if holder["machine"] != mine["machine"]:
        return mine["job"] is not None and holder.get("job") == mine["job"]
    try:
        os.kill(holder["process"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    # The number may have gone to another process since.
    return holder.get("startedAt") is not None and _start_time_of(holder["process"]) != holder["startedAt"]


def _start_time_of(process: int) -> str | None:
    """When a process started, in the clock of Linux; None where the system does not tell."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="latin-1")
    except OSError:
        return None
    # Field 22, counted behind the name, which may hold spaces and brackets.
    return stat[stat.rindex(")") + 2 :].split(" ")[19]


def _locked(what: str, path: Path) -> Fault:
    holder = _read_holder(path) or {}
    who = (
        f"process {holder['process']} on {holder.get('machine')}"
        if "process" in holder
        else "another process"
    )
    hint = f"Wait until it has ended. If it is gone for certain, remove {path}."
    return Fault("locked", f"{what} is in use by {who}", hint)
