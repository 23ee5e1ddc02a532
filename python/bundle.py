"""A bundle: what is to be trained, the inputs of its steps, and the measure of its model."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import queue
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh

from batches import Batches
from processes import is_first
from records import Fault, hash_of_file, read_signed
from sharding import compile_evaluation, rows_sharding, state_names

Record = dict[str, Any]


class Bundle(NamedTuple):
    """What is to be trained: the folder, its manifest, and the modules that were emitted."""

    folder: Path
    manifest: Record
    step: types.ModuleType
    evaluation: types.ModuleType | None
    batches: Batches
    # Files that are not as they were written, where that is allowed.
    edited: list[str]

    @property
    def run(self) -> Path:
        return self.folder / self.manifest["run"]["folder"]


def open_bundle(folder: Path, allows_edits: bool) -> Bundle:
    """Reads and checks a bundle. Raises `invalid-run`, `invalid-dataset`."""
    hint = "Copy the bundle again, or make it anew with `groundwork bundle`."
    try:
        manifest = read_signed(folder / "bundle.json", "groundwork-bundle")
    except ValueError as fault:
        raise Fault("invalid-run", f"{folder / 'bundle.json'}: {fault}", hint) from fault
    edited = [file["path"] for file in manifest["files"] if not _is_as_written(folder, file)]
    if edited and not allows_edits:
        message = f"{folder} is not as it was written: {', '.join(edited)}"
        raise Fault("invalid-run", message, f"{hint} To train with what you changed: --allow-edits.")
    measured = manifest["evaluation"]["final"] or manifest["evaluation"]["onTheWay"]
    return Bundle(
        folder,
        manifest,
        import_module(folder / "step.py"),
        import_module(folder / "evaluate.py") if measured else None,
        Batches(folder, manifest),
        edited,
    )


def _is_as_written(folder: Path, file: Record) -> bool:
    path = folder / file["path"]
    if not path.is_file() or path.stat().st_size != file["sizeBytes"]:
        return False
    # One process reads everything; they may share a disk.
    return not is_first() or hash_of_file(path) == file["sha256"]


def import_module(path: Path) -> types.ModuleType:
    """Imports an emitted module. Raises `invalid-program`."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (OSError, SyntaxError) as cause:
        raise Fault(
            "invalid-program", f"{path} cannot be imported: {cause}", "Make the bundle anew."
        ) from cause
    if module.FORMAT != 1:
        hint = "Take the runner of the same version of Groundwork."
        raise Fault("invalid-program", f"{path} has format {module.FORMAT}, expected 1", hint)
    return module


class Feed:
    """Makes the inputs of the steps to come in a thread, each process only the rows that its devices hold."""

    def __init__(
        self, bundle: Bundle, mesh: Mesh, first: int, factor: Callable[[int], float], last: int
    ) -> None:
        self._bundle, self._mesh, self._factor = bundle, mesh, factor
        self._made: queue.Queue[dict[str, jax.Array] | BaseException] = queue.Queue(maxsize=2)
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._make_all, args=(first, last), daemon=True)
        self._thread.start()

    def take(self) -> dict[str, jax.Array]:
        """The inputs of the next step."""
        made = self._made.get()
        if isinstance(made, BaseException):
            raise made
        return made

    def close(self) -> None:
        """Ends the thread: it must not use JAX while the process ends."""
        self._is_closed.set()
        with contextlib.suppress(queue.Empty):
            while True:
                self._made.get_nowait()
        # A disk that does not answer is no reason to stay.
        self._thread.join(timeout=60)

    def _make_all(self, first: int, last: int) -> None:
        try:
            for step in range(first, last):
                if self._is_closed.is_set():
                    return
                self._put(self._inputs(step))
        except BaseException as fault:  # whatever it is, the loop must hear of it
            self._put(fault)

    def _put(self, made: dict[str, jax.Array] | BaseException) -> None:
        while not self._is_closed.is_set():
            try:
                return self._made.put(made, timeout=1)
            except queue.Full:
                continue

    def _inputs(self, step: int) -> dict[str, jax.Array]:
        batches = self._bundle.batches
        built: dict[tuple[int, int], dict[str, np.ndarray]] = {}

        def rows(name: str, index: tuple[slice, ...]) -> np.ndarray:
            start, stop, _ = index[0].indices(batches.batch_size)
            if (start, stop) not in built:
                built[start, stop] = batches.rows(step, start, stop)
            return built[start, stop][name]

        def array_of(name: str, shape: tuple[int, ...]) -> jax.Array:
            sharding = rows_sharding(self._mesh, shape)
            if name == "scheduleFactor":
                return jax.make_array_from_callback((), sharding, lambda _: np.float32(self._factor(step)))
            return jax.make_array_from_callback(shape, sharding, lambda index: rows(name, index))

        return {name: array_of(name, tuple(shape)) for name, (shape, _) in self._bundle.step.INPUTS.items()}


class Evaluator:
    """Measures a model in bits per byte on the rows that the bundle carries."""

    def __init__(self, bundle: Bundle, mesh: Mesh) -> None:
        assert bundle.evaluation is not None
        self._bundle, self._mesh = bundle, mesh
        self.names = state_names(bundle.evaluation, bundle.step)
        precision = matmul_precision(bundle.manifest)
        self.compiled = compile_evaluation(bundle.evaluation, bundle.step, mesh, precision)

    def bits_per_byte(
        self, state: dict[str, jax.Array], rows: Record, is_stopping: Callable[[], bool]
    ) -> float | None:
        """Σ weight · loss / (ln 2 · bytes), summed in float64. None where it was stopped."""
        facts = self._bundle.manifest["evaluation"]
        shape = (facts["batchSize"], facts["contextLength"])
        files = {
            name: np.memmap(self._bundle.folder / rows[name]["path"], dtype, "r").reshape(-1, shape[1])
            for name, dtype in (("tokens", "<i4"), ("targets", "<i4"), ("weights", "<f4"))
        }
        sharding = rows_sharding(self._mesh, shape)
        parameters = {name: state[name] for name in self.names}
        nats = 0.0
        for first in range(0, rows["numRows"], shape[0]):
            if is_stopping():
                return None
            here = slice(first, first + shape[0])
            inputs = {
                name: jax.make_array_from_callback(shape, sharding, files[name][here].__getitem__)
                for name in ("tokens", "targets")
            }
            losses = np.asarray(self.compiled(parameters, inputs)["losses"]).astype(np.float64)
            weights = files["weights"][here].reshape(-1)
            # A padded place does not count, whatever its loss: 0 · NaN would be NaN.
            nats += float(np.sum(losses[weights != 0] * weights[weights != 0]))
        return nats / (math.log(2) * rows["numBytes"])


def matmul_precision(manifest: Record) -> str:
    """Accelerators multiply float32 with fewer bits unless told otherwise; who takes bfloat16 has chosen
    speed.
    """
    return "highest" if manifest["batch"]["precision"] == "float32" else "default"
