"""The lock of a run, as Groundwork takes it: at most one process writes in its folder."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import time
import uuid
from pathlib import Path
from typing import Any

from records import Fault, explained, json_text, write_all

# What disks answer that give a file no second name: buckets that are mounted, and some shared ones.
NO_LINKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EPERM)


def scheduled_job() -> str | None:
    """The job of a scheduler that this process is of; it keeps its name when it starts again elsewhere."""
    for variable in ("GROUNDWORK_JOB", "SLURM_JOB_ID", "SKYPILOT_TASK_ID"):
        if value := os.environ.get(variable):
            return f"{variable}={value}"
    return None


class RunLock:
    """A lock that this process took."""

    def __init__(self, path: Path, what: str, token: str) -> None:
        self._path, self._what, self._token = path, what, token

    def check(self) -> None:
        """Raises `locked` where somebody took it away: from then on the folder is not this process's."""
        with explained(self._path, "read"):
            holder = _read_holder(self._path)
        if holder is None:
            message = f"{self._path} is gone, so {self._what} may be in use by another process"
            raise Fault("locked", message, "Start it again; nobody is to remove the lock of a run that lives.")
        if holder.get("token") != self._token:
            raise _locked(self._what, self._path)

    def release(self) -> None:
        with explained(self._path, "write"):
            holder = _read_holder(self._path)
            if holder is not None and holder.get("token") == self._token:
                self._path.unlink(missing_ok=True)


def take_lock(path: Path, what: str) -> RunLock:
    """Takes a lock, a file that says who holds it, as Groundwork does.

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
    return RunLock(path, what, mine["token"])


def _appear(path: Path, holder: dict[str, Any]) -> bool:
    """Lets a lock file appear with its contents; false where there is one."""
    draft = path.with_name(f"{path.name}.{holder['token']}")
    try:
        with draft.open("w") as file:
            file.write(json_text(holder) + "\n")
            file.flush()
            os.fsync(file.fileno())
        _link(draft, path)
        return True
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)


def _link(source: Path, path: Path) -> None:
    """Gives a file a second name. Raises FileExistsError where there is one of that name."""
    try:
        os.link(source, path)
        return
    except OSError as cause:
        if cause.errno not in NO_LINKS:
            raise
    # A copy may be seen before it is whole: then nobody takes it for the lock of a process that is gone.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        write_all(handle, source.read_bytes())
        os.fsync(handle)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)


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
            _link(aside, path)
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
        job = mine["job"]
        return job is not None and holder.get("job") == job and _is_started_again(job)
    try:
        os.kill(holder["process"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    # The number may have gone to another process since.
    return holder.get("startedAt") is not None and _start_time_of(holder["process"]) != holder["startedAt"]


def _is_started_again(job: str) -> bool:
    """Whether the job may have run before. Slurm counts that; two steps of one job may run side by side."""
    count = os.environ.get("SLURM_RESTART_COUNT", "0")
    return not job.startswith("SLURM_JOB_ID=") or (count.isdigit() and int(count) > 0)


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
