"""The log of a run, `events.jsonl`: one event a line, in the order in which things happened."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from records import Fault, explained, json_text, parse_json, sync_folder, write_all

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
        # Whether a part of a line may stand behind those that are whole.
        self.is_cut_off = False
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
            if self.is_cut_off:
                self._repair()
            self.is_cut_off = True
            try:
                write_all(self.handle, line)
            except OSError:
                # Where that fails as well, the next append or the next opening repairs it.
                with contextlib.suppress(OSError):
                    self._repair()
                raise
            self.is_cut_off = False
        self.size_bytes += len(line)

    def _repair(self) -> None:
        os.ftruncate(self.handle, self.size_bytes)
        self.is_cut_off = False

    def sync(self) -> None:
        with explained(self.path, "write"):
            os.fsync(self.handle)

    def close(self) -> None:
        os.close(self.handle)
