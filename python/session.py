"""Runs emitted modules for Groundwork's engine `jax`: a child process that is driven over standard input and output.

A message, in either direction, is the length of its header (four bytes, little-endian), the header in JSON, and the arrays
that the header counts in `sizes`, one after the other. A request names its `call` and the `session` it is for; each is
answered once, in order, by `{"ok": true, ...}` or `{"ok": false, "kind", "message"}`. The process ends when its input ends.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import struct
import sys
import threading
from typing import Any, BinaryIO

# Interrupts of a terminal or a scheduler are for the process that drives this one; it ends this one when it is done.
for _signal in (signal.SIGINT, signal.SIGTERM):
    signal.signal(_signal, signal.SIG_IGN)
sys.dont_write_bytecode = True


def claim_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keeps standard input and output for messages: whatever else prints, prints to standard error from now on."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


# Before JAX is imported: it may print.
REQUESTS, REPLIES = claim_streams()

import linecache  # noqa: E402
import platform  # noqa: E402
import traceback  # noqa: E402
import types  # noqa: E402
from importlib.metadata import version  # noqa: E402

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax.sharding import Mesh  # noqa: E402
from sharding import compile_step, elements, make_mesh, state_shardings  # noqa: E402

Arrays = list[np.ndarray]
FORMAT = 1


def facts() -> dict[str, Any]:
    """What this process runs on."""
    devices = jax.devices()
    memory = devices[0].memory_stats() or {}
    return {
        "versions": {"python": platform.python_version(), "jax": jax.__version__, "jaxlib": version("jaxlib")},
        "platform": devices[0].platform,
        "device": devices[0].device_kind,
        "numDevices": len(devices),
        "memoryBytes": memory.get("bytes_limit"),
    }


def device_peak() -> int | None:
    """The most that the first device has held, in bytes; None where its allocator keeps no account."""
    return (jax.local_devices()[0].memory_stats() or {}).get("peak_bytes_in_use")


def module_of(text: str, name: str) -> types.ModuleType:
    """Imports a module from its text; its lines show in the traces of errors."""
    module = types.ModuleType(name)
    path = f"<{name}>"
    linecache.cache[path] = (len(text), None, text.splitlines(True), path)
    exec(compile(text, path, "exec"), module.__dict__)
    if module.FORMAT != FORMAT:
        raise ValueError(f"the module has format {module.FORMAT}, expected {FORMAT}")
    return module


def compile_module(text: str, mesh: Mesh, precision: str) -> tuple[types.ModuleType, jax.stages.Compiled]:
    """Imports a module and compiles it."""
    module = module_of(text, "step")
    return module, compile_step(module, mesh, precision, tell=lambda text: print(text, file=sys.stderr))


class Session:
    """A module, compiled, with its state on the devices. Copies of states on the host wait to be uploaded, or to be read."""

    def __init__(self, module: types.ModuleType, compiled: jax.stages.Compiled, mesh: Mesh) -> None:
        self.module = module
        self.compiled = compiled
        self.places = elements(module)
        self.shardings = state_shardings(module, mesh)
        self.device: dict[str, jax.Array] = {}
        self.host: dict[str, np.ndarray] = {}
        self.changed: set[str] = set()

    def on_host(self, name: str) -> np.ndarray:
        """A state as it is, on the host."""
        if name not in self.host:
            shape, dtype, _ = self.module.STATE[name]
            known = self.device.get(name)
            self.host[name] = np.zeros(shape, jnp.dtype(dtype)) if known is None else np.array(known)
        return self.host[name]

    def set(self, name: str, values: np.ndarray, is_wide: bool) -> None:
        """Replaces a state, or one element of a stack of states."""
        stack, place = self.places[name]
        target = self.on_host(stack)
        if place is None:
            target[...] = as_dtype(values, target.dtype, is_wide).reshape(target.shape)
        else:
            target[place] = as_dtype(values, target.dtype, is_wide).reshape(target.shape[1:])
        self.changed.add(stack)

    def get(self, name: str) -> np.ndarray:
        stack, place = self.places[name]
        return self.on_host(stack) if place is None else self.on_host(stack)[place]

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One step: the state is replaced, the outputs are returned when they are there."""
        for name, (shape, dtype, _) in self.module.STATE.items():
            if name in self.changed:
                self.device[name] = jax.device_put(self.host[name], self.shardings[name])
            elif name not in self.device:
                self.device[name] = jnp.zeros(shape, jnp.dtype(dtype), device=self.shardings[name])
        self.changed.clear()
        # Before the step: it writes where the state is, and these copies would be out of date.
        self.host.clear()
        self.device, outputs = self.compiled(self.device, inputs)
        return {name: np.asarray(value) for name, value in outputs.items()}

    def memory(self) -> dict[str, Any]:
        """What a step needs by the compiler's own account, and what the first device has held, in bytes; None: not known."""
        analysis = self.compiled.memory_analysis()
        statistics = jax.local_devices()[0].memory_stats() or {}
        return {
            "argumentBytes": getattr(analysis, "argument_size_in_bytes", None),
            "outputBytes": getattr(analysis, "output_size_in_bytes", None),
            "aliasBytes": getattr(analysis, "alias_size_in_bytes", None),
            "temporaryBytes": getattr(analysis, "temp_size_in_bytes", None),
            "codeBytes": getattr(analysis, "generated_code_size_in_bytes", None),
            "inUseBytes": statistics.get("bytes_in_use"),
            "peakBytes": statistics.get("peak_bytes_in_use"),
        }


def as_dtype(values: np.ndarray, dtype: np.dtype, is_wide: bool) -> np.ndarray:
    """Numbers from a message: as they are in memory, or in float64."""
    return values.view(np.float64).astype(dtype) if is_wide else values.view(dtype)


class Worker:
    """All sessions of the process, and what was compiled for them."""

    def __init__(self) -> None:
        self.sessions: dict[int, Session] = {}
        self.compiled: dict[tuple[str, str], tuple[types.ModuleType, jax.stages.Compiled]] = {}
        self.mesh = make_mesh()

    def answer(self, header: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        """Carries out a request; returns what the answer says and its arrays."""
        call, number = header["call"], header.get("session", 0)
        if call == "facts":
            return facts(), []
        if call == "use":
            self.mesh = make_mesh(devices=jax.devices()[: header["devices"]])
            return {}, []
        if call == "load":
            self.sessions[number] = Session(*self.compile(header["module"], header["precision"]), self.mesh)
            return {}, []
        if call == "close":
            self.sessions.pop(number, None)
            return {}, []
        session = self.sessions[number]
        if call == "memory":
            return session.memory(), []
        if call == "get":
            return {}, [session.get(header["name"])]
        if call == "set":
            session.set(header["name"], arrays[0], header["wide"][0])
            return {}, []
        if call == "run":
            inputs = {}
            for name, values, is_wide in zip(header["names"], arrays, header["wide"]):
                shape, dtype = session.module.INPUTS[name]
                inputs[name] = as_dtype(values, jnp.dtype(dtype), is_wide).reshape(shape)
            outputs = session.run(inputs)
            return {"names": list(outputs)}, list(outputs.values())
        raise ValueError(f"there is no call {call}")

    def compile(self, text: str, precision: str) -> tuple[types.ModuleType, jax.stages.Compiled]:
        """Compiles a module. The last few are kept: what measures a run and the run itself load the same one."""
        key = (text, precision)
        if key not in self.compiled:
            while len(self.compiled) >= 8:
                self.compiled.pop(next(iter(self.compiled)))
            self.compiled[key] = compile_module(text, self.mesh, precision)
        return self.compiled[key]


def fault_of(error: BaseException) -> dict[str, Any]:
    """What an exception is to the driver: its kind, and the line that says most."""
    text = f"{type(error).__name__}: {error}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    is_memory = isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text
    return {"ok": False, "kind": "out-of-memory" if is_memory else "failure", "message": lines[0] if lines else text}


def read_exactly(stream: BinaryIO, size: int) -> bytearray | None:
    """So many bytes, or None where the stream has ended."""
    buffer = bytearray(size)
    view = memoryview(buffer)
    while view:
        count = stream.readinto(view)  # type: ignore[attr-defined]
        if not count:
            return None
        view = view[count:]
    return buffer


def read_messages(messages: queue.Queue) -> None:
    """Reads requests as they come. When the driver is gone this process ends, whatever it is at."""
    try:
        while (message := read_message()) is not None:
            messages.put(message)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def read_message() -> tuple[dict[str, Any], Arrays] | None:
    length = read_exactly(REQUESTS, 4)
    text = length and read_exactly(REQUESTS, struct.unpack("<I", length)[0])
    if not text:
        return None
    header = json.loads(text)
    payloads = [read_exactly(REQUESTS, size) for size in header["sizes"]]
    if None in payloads:
        return None
    return header, [np.frombuffer(payload, np.uint8) for payload in payloads]


def write_message(header: dict[str, Any], arrays: Arrays) -> None:
    payloads = [np.ascontiguousarray(array).reshape(-1).view(np.uint8) for array in arrays]
    text = json.dumps({**header, "sizes": [payload.size for payload in payloads]}).encode()
    REPLIES.write(struct.pack("<I", len(text)))
    REPLIES.write(text)
    for payload in payloads:
        REPLIES.write(memoryview(payload))
    REPLIES.flush()


def main() -> None:
    messages: queue.Queue = queue.Queue()
    threading.Thread(target=read_messages, args=(messages,), daemon=True).start()
    worker = Worker()
    while True:
        header, arrays = messages.get()
        try:
            result, results = worker.answer(header, arrays)
            reply = {"ok": True, "devicePeakBytes": device_peak(), **result}
        except Exception as error:  # noqa: BLE001: whatever it is, the driver must hear of it
            reply, results = fault_of(error), []
        write_message(reply, results)


if __name__ == "__main__":
    main()
