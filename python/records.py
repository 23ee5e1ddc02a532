"""Records of a run in the formats of Groundwork: faults, JSON, files that survive a crash.

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
from collections.abc import Iterable, Iterator
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
