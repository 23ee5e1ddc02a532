"""Checkpoints in the format and by the protocol of Groundwork: whole under their name or not there at all."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from records import (
    CHUNK_BYTES,
    Fault,
    canonical_json,
    code_units,
    explained,
    hash_of_file,
    json_text,
    parse_json,
    read_json,
    read_signed,
    signed_text,
    string_text,
    sync_folder,
    write_durably,
)

FILES = ("model.safetensors", "optimizer.safetensors", "training.json")
Shapes = Mapping[str, tuple[int, ...]]

# safetensors -----------------------------------------------------------------------------------------------


def file_order(names: Iterable[str]) -> list[str]:
    """The order in which tensors lie in a file."""
    return sorted(names, key=code_units)


def safetensors_header(shapes: Shapes) -> bytes:
    """The beginning of a file of float32 tensors: equal tensors give equal bytes in any order."""
    end = 0
    fields = []
    for name in file_order(shapes):
        begin, end = end, end + 4 * int(np.prod(shapes[name], dtype=np.int64))
        place = {"dtype": "F32", "shape": list(shapes[name]), "data_offsets": [begin, end]}
        fields.append(f"{string_text(name)}:{json_text(place)}")
    text = ("{" + ",".join(fields) + "}").encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _safetensors_chunks(shapes: Shapes, tensors: Iterator[np.ndarray]) -> Iterator[memoryview | bytes]:
    yield safetensors_header(shapes)
    for name in file_order(shapes):
        tensor = np.asarray(next(tensors), "<f4", order="C")
        assert tensor.shape == tuple(shapes[name]), f"{name} is {tensor.shape}, expected {shapes[name]}"
        data = memoryview(tensor.reshape(-1)).cast("B")
        for at in range(0, len(data), CHUNK_BYTES):
            yield data[at : at + CHUNK_BYTES]


def open_safetensors(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a file of float32, mapped into memory. Raises ValueError where it breaks the format."""
    data = np.memmap(path, np.uint8, "r")
    size = int.from_bytes(data[:8].tobytes(), "little") if len(data) >= 8 else len(data)
    if 8 + size > len(data):
        raise ValueError(f"found a header of {size} bytes in a file of {len(data)}")
    header = read_header(data[8 : 8 + size].tobytes())
    tensors = {}
    next_byte = 8 + size
    for name, field in sorted(header.items(), key=lambda one: one[1]["data_offsets"]):
        begin, end = (8 + size + offset for offset in field["data_offsets"])
        shape = tuple(field["shape"])
        if (
            field["dtype"] != "F32"
            or begin != next_byte
            or end - begin != 4 * int(np.prod(shape, dtype=np.int64))
        ):
            raise ValueError(f"found {name} as {field}, expected float32 tensors end to end")
        tensors[name] = data[begin:end].view("<f4").reshape(shape)
        next_byte = end
    if next_byte != len(data):
        raise ValueError(f"found {len(data)} bytes, expected {next_byte} by the header")
    return tensors


def read_header(text: bytes) -> dict[str, Any]:
    header = parse_json(text.decode())
    header.pop("__metadata__", None)
    return header


# What there is ---------------------------------------------------------------------------------------------


def checkpoint_name(step: int) -> str:
    return f"step-{step:08d}"


def checkpoint_steps(run: Path) -> list[int]:
    """The steps of which a run has a checkpoint, sound or not, the first one first."""
    folder = run / "checkpoints"
    names = os.listdir(folder) if folder.exists() else []
    steps = (int(name[5:]) for name in names if re.fullmatch(r"step-\d{8,15}", name))
    return sorted(step for step in steps if checkpoint_name(step) in names)


def read_manifest(run: Path, step: int) -> dict[str, Any]:
    """The manifest of a checkpoint whose files have their sizes. Raises ValueError: what is wrong."""
    folder = run / "checkpoints" / checkpoint_name(step)
    try:
        manifest = read_signed(folder / "manifest.json", "groundwork-checkpoint")
        paths = tuple(file["path"] for file in manifest["files"])
        if manifest["step"] != step or paths != FILES:
            raise ValueError(f"found step {manifest['step']} of {', '.join(paths)}")
        for file in manifest["files"]:
            found = (folder / file["path"]).stat().st_size
            if found != file["sizeBytes"]:
                raise ValueError(f"{file['path']}: found {found} bytes, expected {file['sizeBytes']}")
    except (KeyError, TypeError, OSError, Fault) as cause:
        raise ValueError(str(cause)) from cause
    return manifest


def verify_checkpoint(run: Path, step: int) -> dict[str, Any]:
    """Reads every byte of a checkpoint against its manifest. Raises ValueError that says what is wrong."""
    manifest = read_manifest(run, step)
    folder = run / "checkpoints" / checkpoint_name(step)
    for file in manifest["files"]:
        found = hash_of_file(folder / file["path"])
        if found != file["sha256"]:
            raise ValueError(f"{file['path']}: found SHA-256 {found}, expected {file['sha256']}")
    return manifest


class NewestCheckpoint(NamedTuple):
    step: int
    # Those of later steps that cannot be used, and why.
    rejected: list[tuple[int, str]]


def newest_checkpoint(run: Path, shapes: Shapes, fingerprints: list[dict[str, str]]) -> NewestCheckpoint:
    """The sound checkpoint of the highest step that belongs to the run and has its tensors.

    Raises `invalid-checkpoint` where there is none: a run never begins anew by itself.
    """
    rejected: list[tuple[int, str]] = []
    for step in reversed(checkpoint_steps(run)):
        try:
            manifest = verify_checkpoint(run, step)
            if manifest["fingerprints"] not in fingerprints:
                raise ValueError("it is of another run: program, tokenizer or batches differ")
            fault = _misfit(checkpoint_arrays(run, step), shapes)
            if fault is not None:
                raise ValueError(fault)
            return NewestCheckpoint(step, rejected)
        except (OSError, ValueError, Fault) as fault:
            rejected.append((step, str(fault)))
    found = "; ".join(f"step {step}: {fault}" for step, fault in rejected) or "there is none"
    hint = "Copy the checkpoint again from where it is sound, or make the bundle anew."
    raise Fault("invalid-checkpoint", f"{run} has no checkpoint that can be trusted: {found}", hint)


def checkpoint_arrays(run: Path, step: int) -> dict[str, np.ndarray]:
    """Parameters and state of the optimizer by name, mapped into memory. Raises ValueError."""
    folder = run / "checkpoints" / checkpoint_name(step)
    return {**open_safetensors(folder / FILES[0]), **open_safetensors(folder / FILES[1])}


def training_state(run: Path, step: int) -> dict[str, Any]:
    """What a run knows besides its tensors. Raises `invalid-checkpoint` for what another version wrote."""
    training = read_json(run / "checkpoints" / checkpoint_name(step) / FILES[2])
    if training.get("version") != 1:
        found = f"is of version {training.get('version')}, expected 1"
        message = f"the training state of {checkpoint_name(step)} {found}"
        raise Fault("invalid-checkpoint", message, "Go on with the version of Groundwork that wrote it.")
    return training


def _misfit(arrays: Mapping[str, np.ndarray], shapes: Shapes) -> str | None:
    for name, shape in shapes.items():
        if name not in arrays:
            return f"it lacks {name}"
        if arrays[name].shape != tuple(shape):
            return f"{name} is {list(arrays[name].shape)}, expected {list(shape)}"
    others = [name for name in arrays if name not in shapes]
    return f"it holds {others[0]}, which the training step has no use for" if others else None


# Publication -----------------------------------------------------------------------------------------------


def publish_checkpoint(
    run: Path,
    step: int,
    parameters: Shapes,
    optimizer: Shapes,
    tensors: Iterator[np.ndarray],
    training: dict[str, Any],
    fingerprints: dict[str, str],
) -> int:
    """Publishes a checkpoint: written aside, each file flushed, the manifest with their hashes last, then
    renamed.

    tensors: first the parameters, then the state of the optimizer, each in the order of their file. Returns
    its bytes. Raises `disk-full`, with what is needed: the checkpoint before stays.
    """
    parent = run / "checkpoints"
    target = parent / checkpoint_name(step)
    aside = parent / f".replaced-{checkpoint_name(step)}"
    unfinished = parent / f"{checkpoint_name(step)}.tmp-{os.getpid()}"
    needed = sum(
        4 * int(np.prod(shape, dtype=np.int64)) for shape in (*parameters.values(), *optimizer.values())
    )
    try:
        with explained(parent, "write"):
            _remove(unfinished)
            unfinished.mkdir(parents=True)
        contents = (
            _safetensors_chunks(parameters, tensors),
            _safetensors_chunks(optimizer, tensors),
            [f"{canonical_json(training)}\n".encode()],
        )
        files = [
            {"path": path, **write_durably(unfinished / path, chunks)}
            for path, chunks in zip(FILES, contents, strict=True)
        ]
        manifest = {
            "format": "groundwork-checkpoint",
            "version": 1,
            "step": step,
            "files": files,
            "fingerprints": fingerprints,
        }
        write_durably(unfinished / "manifest.json", [signed_text(manifest).encode()])
        with explained(target, "write"):
            if _is_there(run, manifest):
                _remove(unfinished)
            else:
                if target.exists():
                    _remove(aside)
                    os.rename(target, aside)
                os.rename(unfinished, target)
            sync_folder(parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            if not target.exists() and aside.exists():
                os.rename(aside, target)
            _remove(unfinished)
        if isinstance(error, Fault) and error.code == "disk-full":
            message = f"the checkpoint of step {step} needs {needed} bytes, and {error}"
            hint = "Make room; the checkpoint before this one is whole, and the run goes on from it."
            raise Fault("disk-full", message, hint) from error
        raise
    with contextlib.suppress(OSError):
        _remove(aside)
    return sum(file["sizeBytes"] for file in files)


def retain_checkpoints(run: Path, keep: int, newest: int) -> list[str]:
    """Removes all but the newest `keep` that are whole, up to the step `newest`. Returns why some could not
    be.
    """
    steps = [step for step in checkpoint_steps(run) if step <= newest]
    whole = [step for step in steps if _looks_whole(run, step)]
    oldest = whole[-max(2, keep)] if len(whole) >= max(2, keep) else 0
    faults = []
    for step in steps:
        if step >= oldest:
            continue
        trash = run / "checkpoints" / f".trash-{checkpoint_name(step)}"
        try:
            _remove(trash)
            os.rename(run / "checkpoints" / checkpoint_name(step), trash)
            sync_folder(run / "checkpoints")
            _remove(trash)
        except OSError as fault:
            faults.append(str(fault))
    return faults


def sweep_unfinished(run: Path) -> None:
    """Clears up after a process that was killed; puts back a checkpoint that was about to be replaced."""
    folder = run / "checkpoints"
    with explained(folder, "write"):
        for name in sorted(os.listdir(folder)):
            if not re.fullmatch(r"step-\d{8,15}\.tmp-\d+|\.(trash|replaced)-step-\d{8,15}", name):
                continue
            before = folder / name.removeprefix(".replaced-")
            if name.startswith(".replaced-") and not before.exists():
                os.rename(folder / name, before)
            else:
                _remove(folder / name)
        sync_folder(folder)


def set_aside(run: Path, steps: Iterable[int]) -> list[str]:
    """Sets checkpoints aside from which a run cannot go on; nothing deletes them but their owner."""
    names = []
    for step in steps:
        name = f"checkpoints/.rejected-{checkpoint_name(step)}"
        with explained(run / name, "write"):
            _remove(run / name)
            os.rename(run / "checkpoints" / checkpoint_name(step), run / name)
        names.append(name)
    with explained(run / "checkpoints", "write"):
        sync_folder(run / "checkpoints")
    return names


def _looks_whole(run: Path, step: int) -> bool:
    try:
        read_manifest(run, step)
    except (OSError, ValueError, Fault):
        return False
    return True


def _is_there(run: Path, manifest: dict[str, Any]) -> bool:
    try:
        return canonical_json(verify_checkpoint(run, manifest["step"])) == canonical_json(manifest)
    except (OSError, ValueError, Fault):
        return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
