"""Records of a run in the formats of Groundwork: faults, JSON, files that survive a crash, the lock, the log.

What is written here is byte for byte what Groundwork writes for the same values: hashes are taken over it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import re
import shutil
import socket
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

# Exit codes of the command line by the code of a fault: part of the public contract.
EXIT_CODES = {
    "internal": 1,
    "usage": 2,
    "invalid-program": 3,
    "provider-unavailable": 4,
    "engine-failure": 4,
    "out-of-memory": 5,
    "disk-full": 5,
    "file-not-found": 5,
    "file-access": 5,
    "locked": 5,
    "invalid-dataset": 6,
    "invalid-run": 6,
    "invalid-checkpoint": 6,
    "run-mismatch": 6,
    "interrupted": 7,
    "diverged": 8,
}

LONGEST_RECORD = 2**24
CHUNK_BYTES = 2**22


class Fault(Exception):
    """A fault that a person can mend: what was found and expected (message), and what to do (hint)."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        # Whether all processes of the run know of it, and end by themselves.
        self.is_shared = False

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.code]


# JSON ------------------------------------------------------------------------------------------------------


def number_text(x: int | float) -> str:
    """A number as ECMAScript writes it: the shortest digits that read back the same, `-0` as `0`."""
    if isinstance(x, int):
        if abs(x) < 2**53:
            return str(x)
        x = float(x)
    assert math.isfinite(x), f"{x} has no JSON form"
    if x == 0:
        return "0"
    sign = "-" if x < 0 else ""
    # Python gives the same digits in another layout.
    mantissa, _, power = repr(abs(x)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(power or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def string_text(text: str) -> str:
    """A string as ECMAScript writes it: half a surrogate pair is escaped."""
    return re.sub(
        "[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)
    )


def code_units(text: str) -> bytes:
    """Orders strings as ECMAScript does: by UTF-16 code units."""
    return text.encode("utf-16-be", "surrogatepass")


def json_text(value: Any, *, indent: int | None = None, is_sorted: bool = False, depth: int = 0) -> str:
    """A value as JSON, as `JSON.stringify` lays it out.

    indent: spaces of a level; None for no white space.
    is_sorted: fields in the order of their names, else as they come.
    """
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return string_text(value)
    if isinstance(value, (int, float)):
        return number_text(value)

    def inner(one: Any) -> str:
        return json_text(one, indent=indent, is_sorted=is_sorted, depth=depth + 1)

    if isinstance(value, dict):
        names = sorted(value, key=code_units) if is_sorted else list(value)
        colon = ":" if indent is None else ": "
        return _enclosed(
            "{", [f"{string_text(name)}{colon}{inner(value[name])}" for name in names], "}", indent, depth
        )
    assert isinstance(value, (list, tuple)), f"a {type(value).__name__} has no JSON form"
    return _enclosed("[", [inner(one) for one in value], "]", indent, depth)


def _enclosed(left: str, parts: list[str], right: str, indent: int | None, depth: int) -> str:
    if indent is None or not parts:
        return left + ",".join(parts) + right
    outer = "\n" + " " * (indent * depth)
    space = outer + " " * indent
    return left + space + f",{space}".join(parts) + outer + right


def canonical_json(value: Any) -> str:
    """Equal values give equal text (RFC 8785): fields sorted, no white space."""
    return json_text(value, is_sorted=True)


def sha256_hex(data: str | bytes) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def signed_text(record: dict[str, Any]) -> str:
    """A record with a last field `sha256` over the canonical JSON of all others."""
    return json_text({**record, "sha256": sha256_hex(canonical_json(record))}, indent=2) + "\n"


def parse_json(text: str) -> Any:
    """Reads JSON as ECMAScript does: whole numbers beyond 2^53 are rounded, NaN is refused."""

    def whole(digits: str) -> int | float:
        number = int(digits)
        return number if abs(number) < 2**53 else float(digits)

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    return json.loads(text, parse_int=whole, parse_constant=refuse)


def read_json(path: Path) -> Any:
    """Raises ValueError where the file holds no JSON, `file-not-found` or `file-access` where it cannot be
    read.
    """
    with explained(path, "read"):
        data = path.read_bytes()
    if len(data) > LONGEST_RECORD:
        raise ValueError(f"found {len(data)} bytes, expected at most {LONGEST_RECORD}")
    return parse_json(data.decode())


def read_signed(path: Path, kind: str, version: int = 1) -> dict[str, Any]:
    """Reads a record that carries its hash, without that field. Raises ValueError that says what is wrong."""
    value = read_json(path)
    if not isinstance(value, dict) or value.get("format") != kind:
        raise ValueError(f"found no {kind}")
    if value.get("version") != version:
        raise ValueError(f"found version {value.get('version')}, expected version {version}")
    record = {name: field for name, field in value.items() if name != "sha256"}
    actual = sha256_hex(canonical_json(record))
    if value.get("sha256") != actual:
        raise ValueError(
            f"found contents with SHA-256 {actual}, expected {value.get('sha256')}: it was changed"
        )
    return record


# Files -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def explained(path: Path, action: str) -> Iterator[None]:
    """Turns faults of the file system that a person can mend into faults that say how."""
    try:
        yield
    except OSError as cause:
        name = errno.errorcode.get(cause.errno or 0, str(cause))
        if cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise Fault(
                "disk-full", f"{path} could not be written: {_found_full(path, cause)}", "Make room."
            ) from cause
        if cause.errno in (errno.ENOENT, errno.ENOTDIR):
            raise Fault("file-not-found", f"there is no {path}", "Check the path.") from cause
        participle = "read" if action == "read" else "written"
        raise Fault(
            "file-access", f"{path} could not be {participle} ({name})", "Check who owns it."
        ) from cause


def _found_full(path: Path, cause: OSError) -> str:
    if cause.errno == errno.EFBIG:
        return "the largest size that a file may have was reached"
    try:
        return f"the disk is full ({shutil.disk_usage(path.parent).free / 2**20:.1f} MiB free)"
    except OSError:
        # The free space is a courtesy; a folder that is gone has none to tell.
        return "the disk is full"


def sync_folder(path: Path) -> None:
    """Flushes a folder, so that the names in it survive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_all(handle: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while len(view) > 0:
        view = view[os.write(handle, view) :]


def write_durably(path: Path, chunks: Iterable[bytes | memoryview]) -> dict[str, Any]:
    """Writes a file so that at its path there is the whole of it or what was there before, whenever the
    machine stops.

    Returns its `sizeBytes` and `sha256`. Raises `disk-full`, `file-access`; the unfinished file is removed
    then.
    """
    unfinished = path.with_name(path.name + ".tmp")
    digest = hashlib.sha256()
    size_bytes = 0
    with explained(path, "write"):
        # What an attempt that was killed left there, or somebody laid there, is never written through.
        unfinished.unlink(missing_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            try:
                for chunk in chunks:
                    write_all(handle, chunk)
                    digest.update(chunk)
                    size_bytes += len(chunk)
                os.fsync(handle)
            finally:
                os.close(handle)
            os.rename(unfinished, path)
        except BaseException:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    return {"sizeBytes": size_bytes, "sha256": digest.hexdigest()}


def hash_of_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


# The lock --------------------------------------------------------------------------------------------------


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


# The log ---------------------------------------------------------------------------------------------------


# The fields of each type of event.
EVENTS = {
    name: set(fields.split())
    for name, fields in {
        "started": "",
        "resumed": "step",
        "step": "step loss gradientNorm isApplied scheduleFactor tokens durationMs elapsedMs",
        "evaluation": "step tokens bitsPerByte numDocuments numValidationDocuments isFinal",
        "sample": "step prompt text",
        "checkpoint": "step sizeBytes",
        "rescheduled": "step numSteps reason",
        "warning": "step message",
        "finished": "",
        "stopped": "step signal",
        "failed": "code message step",
    }.items()
}


def event_line(event: dict[str, Any]) -> str:
    """The line of an event, without its end: NaN and the infinities are strings."""

    def measured(value: Any) -> Any:
        if not isinstance(value, float) or math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"

    return json_text({name: measured(value) for name, value in event.items()})


class EventLog:
    """The log of a run, open for its one writer. Where writing fails, it is cut back to whole lines."""

    def __init__(self, path: Path, after_step: int, see: Callable[[dict[str, Any]], None]) -> None:
        """Opens it, without a last line that was cut off and without events of later steps than `after_step`.

        see: is told of each event that stays. Raises `invalid-run` where a line that no kill leaves is no
        event.
        """
        self.path = path
        self.size_bytes = 0
        with explained(path, "write"):
            self.handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
            for event, size in self._events():
                if event.get("step", 0) > after_step:
                    break
                see(event)
                self.size_bytes += size
            if os.fstat(self.handle).st_size > self.size_bytes:
                os.ftruncate(self.handle, self.size_bytes)
                os.fsync(self.handle)
            if self.size_bytes == 0:
                sync_folder(path.parent)

    def _events(self) -> Iterator[tuple[dict[str, Any], int]]:
        """Events with the sizes of their lines. A last line that is not whole, or that never reached the
        disk, is none.
        """
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                is_whole = line.endswith(b"\n")
                try:
                    event = parse_json(line.decode())
                    if not isinstance(event, dict) or set(event) - {"type"} != EVENTS.get(event.get("type")):
                        raise ValueError("it has not the fields of one")
                except ValueError as fault:
                    if (not is_whole or b"\0" in line) and lines.read(1) == b"":
                        return
                    hint = "Something else than a run changed the log. Copy it again from where it is sound."
                    message = f"line {number} of {self.path} is no event: {fault}"
                    raise Fault("invalid-run", message, hint) from fault
                if not is_whole:
                    return
                yield event, len(line)

    def append(self, event: dict[str, Any]) -> None:
        line = f"{event_line(event)}\n".encode()
        with explained(self.path, "write"):
            try:
                write_all(self.handle, line)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(self.handle, self.size_bytes)
                raise
        self.size_bytes += len(line)

    def sync(self) -> None:
        with explained(self.path, "write"):
            os.fsync(self.handle)

    def close(self) -> None:
        os.close(self.handle)
