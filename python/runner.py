"""Trains what a bundle of Groundwork holds, on any number of devices and machines, and writes a run folder as
any other.

    python runner.py [--bundle DIR] [--data N] [--fsdp [N]] [--model N] [--check]

One process a machine (or a device): started by Slurm, Kubernetes, a TPU pod or SkyPilot they find each other,
else by --coordinator, --num-processes and --process-id. Started again, it goes on from the newest sound
checkpoint. It ends with the exit codes of Groundwork: 0 done, 7 stopped and saved (start it again), 8
diverged and 6 wrong data or checkpoint (do not), 5 disk or memory, 4 the engine, 2 usage.

RUNNER_FILES: runner.py training.py run_books.py bundle.py batches.py sharding.py processes.py checkpoints.py progress.py diagnosis.py records.py run_lock.py event_log.py
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
import time
import traceback
from pathlib import Path

# A bundle is to stay what its manifest says.
sys.dont_write_bytecode = True
# What plans count on; of itself JAX takes three quarters of a graphics card. It refuses both names at once.
if "XLA_PYTHON_CLIENT_MEM_FRACTION" not in os.environ:
    os.environ.setdefault("XLA_CLIENT_MEM_FRACTION", ".92")

import jax  # noqa: E402
import numpy as np  # noqa: E402
from jax.sharding import Mesh  # noqa: E402

from bundle import Bundle, Evaluator, Record, matmul_precision, open_bundle  # noqa: E402
from processes import (  # noqa: E402
    Signals,
    StoppedElsewhere,
    agreed,
    is_first,
    join_processes,
    say,
    together,
)
from records import Fault, json_text, write_durably  # noqa: E402
from run_books import read_run  # noqa: E402
from run_lock import RunLock, take_lock  # noqa: E402
from sharding import (  # noqa: E402
    compile_step,
    first_line,
    load_state,
    make_mesh,
    memory_of,
    sharding_table,
    size_text,
    state_shardings,
)
from training import Training, arrays_of, sound_checkpoint  # noqa: E402

# JAX versions of which this was tested the first and the first that was not.
JAX_WINDOW = ((0, 10), (0, 13))


def parse_flags(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="runner.py", description="Trains what a bundle of Groundwork holds."
    )

    def positive(text: str) -> int:
        number = int(text)
        if number < 1:
            raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
        return number

    here = Path(__file__).parent
    parser.add_argument(
        "--bundle", type=Path, default=here, help="the folder of the bundle (default: this file's)"
    )
    parser.add_argument("--data", type=positive, help="copies of the model, each with rows of its own")
    parser.add_argument(
        "--fsdp",
        type=positive,
        nargs="?",
        const=-1,
        help="devices that share out the state of a copy (default: all)",
    )
    parser.add_argument("--model", type=positive, help="devices that share each matrix product")
    parser.add_argument(
        "--attention",
        choices=("xla", "cudnn"),
        help="its kernel (default: cudnn for bfloat16 on NVIDIA GPUs)",
    )
    parser.add_argument(
        "--deterministic",
        action="store_true",
        help="give the same bits after a restart on GPUs too, more slowly (cuDNN's attention as well)",
    )
    parser.add_argument("--coordinator", help="HOST:PORT of the first process, where no scheduler tells it")
    parser.add_argument("--num-processes", type=positive)
    parser.add_argument("--process-id", type=int)
    parser.add_argument(
        "--check", action="store_true", help="do all but the first step, and say what it will need"
    )
    parser.add_argument("--allow-edits", action="store_true", help="train with files that were changed")
    parser.add_argument(
        "--any-device", action="store_true", help="train on processors what was planned for accelerators"
    )
    parser.add_argument("--stop-after-steps", type=positive, help="stop as by a signal after so many steps")
    flags = parser.parse_args(arguments)
    if (flags.coordinator is None) != (flags.num_processes is None) or (flags.coordinator is None) != (
        flags.process_id is None
    ):
        parser.error("--coordinator, --num-processes and --process-id belong together")
    return flags


def mesh_of(flags: argparse.Namespace, manifest: Record) -> Mesh:
    """The mesh that flags ask for; what they leave open is as the bundle has it."""
    planned = manifest["mesh"]
    data, model = flags.data or planned["data"], flags.model or planned["model"]
    if flags.fsdp == -1:
        return make_mesh(flags.data or 1, None, model)
    fsdp = flags.fsdp or planned["fsdp"]
    if data is None and fsdp is None:
        data = 1
    if data is not None and fsdp is not None and data * fsdp * model != jax.device_count():
        # Planned for another number of devices: those that there are share the work in the same way.
        if flags.fsdp is None and fsdp > 1:
            data, fsdp = flags.data or 1, None
        elif flags.data is None:
            data = None
    return make_mesh(data, fsdp, model)


def train(flags: argparse.Namespace, start: float) -> None:
    """Opens the bundle, compiles what it holds, and carries the run on to its end."""
    version = tuple(int(part) for part in jax.__version__.split(".")[:2])
    if not JAX_WINDOW[0] <= version < JAX_WINDOW[1]:
        window = "at least 0.10 and below 0.13"
        raise Fault(
            "provider-unavailable", f"found JAX {jax.__version__}, expected {window}", "See requirements.txt."
        )
    if flags.deterministic:
        # Read when JAX first looks for devices.
        os.environ["XLA_FLAGS"] = (
            f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true".strip()
        )
    join_processes(flags)
    find_devices()
    # After JAX has set its own.
    signals = Signals()
    bundle = together(lambda: open_bundle(flags.bundle.resolve(), flags.allow_edits))
    mesh = together(lambda: mesh_of(flags, bundle.manifest))
    devices = f"{jax.device_count()} × {jax.devices()[0].device_kind}"
    say(f"{bundle.manifest['name']}: JAX {jax.__version__} on {devices}")
    together(lambda: compare_devices(bundle.manifest["devices"], flags.any_device))
    say(sharding_table(bundle.step, mesh))
    warn_of_waste(bundle.manifest, mesh)
    lock = None if flags.check else together(lambda: lock_run(bundle))
    try:
        [is_finished] = agreed(
            together(lambda: int(is_first() and read_run(bundle.run)["status"] == "finished"))
        )
        if is_finished:
            say(f"{bundle.run} is finished")
            return
        training = prepared(flags, bundle, mesh, signals, start, lock)
        if flags.check:
            check_state(training)
        else:
            carry_out(training, flags.stop_after_steps)
    finally:
        if lock is not None:
            free(lock)


def free(lock: RunLock) -> None:
    try:
        lock.release()
    except Fault as fault:
        # How the run ended is what a person needs to know; a lock of a process that is gone is taken over.
        warn_aside(fault)


def find_devices() -> None:
    """Lets JAX look for its devices. Raises `provider-unavailable`."""
    try:
        jax.devices()
    except RuntimeError as cause:
        message = f"JAX finds no devices: {first_line(cause)}"
        hint = "Check the drivers and the JAX that is installed; JAX_PLATFORMS names what to look for."
        raise Fault("provider-unavailable", message, hint) from cause


def compare_devices(planned: Record, allows_any: bool) -> None:
    """Says where the devices are not those that the bundle was planned for.

    Raises `provider-unavailable` where there are only processors: JAX takes them where a driver is missing.
    """
    if planned["kind"] is None:
        return
    device = jax.devices()[0]
    number = planned["numNodes"] * planned["numDevices"]
    expected, found = f"{number} × {planned['kind']}", f"{jax.device_count()} × {device.device_kind}"
    if device.platform == "cpu" and not allows_any:
        message = f"the bundle was planned for {expected}; JAX found processors only: {found}"
        hint = "Check drivers, and that requirements.txt is installed. To train on processors: --any-device."
        raise Fault("provider-unavailable", message, hint)
    if number != jax.device_count() or not is_of_kind(device.device_kind, planned["kind"]):
        say(f"warning: planned for {expected}, found {found}: the forecast is not of these devices")


def is_of_kind(name: str, kind: str) -> bool:
    """Whether a device that JAX calls so may be one of a kind of Groundwork's table."""
    # JAX calls a TPU v5e "TPU v5 lite" and a v5p "TPU v5".
    known = re.sub(r"v5$", "v5p", name.lower().replace(" lite", "e"))
    return all(part in known for part in kind.split("-"))


def prepared(
    flags: argparse.Namespace,
    bundle: Bundle,
    mesh: Mesh,
    signals: Signals,
    start: float,
    lock: RunLock | None,
) -> Training:
    """Compiles what a run needs; where that does not fit into the devices, it is known before anything has
    begun.
    """
    compiled = compile_step(bundle.step, mesh, matmul_precision(bundle.manifest), flags.attention, say)
    if hasattr(bundle.step, "ATTENTION"):
        say(f"attention: {bundle.step.ATTENTION or 'xla'}")
    evaluator = Evaluator(bundle, mesh) if bundle.evaluation else None
    together(lambda: check_memory(bundle, mesh, compiled, evaluator))
    return Training(bundle, mesh, compiled, evaluator, signals, start, lock)


def carry_out(training: Training, stop_after: int | None) -> None:
    try:
        training.begin()
        training.train(stop_after)
    except BaseException as error:
        training.books.record_failure(explained_by_jax(error), training.step)
        raise
    finally:
        if is_first():
            try:
                write_outcome(training.bundle)
            except Exception as second:
                # How the run ended is what a person needs to know, and what the exit code says.
                warn_aside(second)


def warn_aside(fault: Exception) -> None:
    print(f"warning: {fault}", file=sys.stderr, flush=True)


def write_outcome(bundle: Bundle) -> None:
    """Says what no file of the run has room for. Raises `file-access` and the like."""
    peaks = [(device.memory_stats() or {}).get("peak_bytes_in_use") for device in jax.local_devices()]
    known = [peak for peak in peaks if peak is not None]
    outcome = {
        "format": "groundwork-outcome",
        "version": 1,
        "peakMemoryBytes": max(known) if known else None,
        "device": jax.devices()[0].device_kind,
        "numDevices": jax.device_count(),
        "numProcesses": jax.process_count(),
    }
    write_durably(bundle.folder / "outcome.json", [(json_text(outcome, indent=2) + "\n").encode()])


def lock_run(bundle: Bundle) -> RunLock | None:
    if not is_first():
        return None
    return take_lock(bundle.run / "run.lock", f"the run {bundle.run}")


def warn_of_waste(manifest: Record, mesh: Mesh) -> None:
    rows, num_parts = manifest["batch"]["microBatchSize"], mesh.shape["data"] * mesh.shape["fsdp"]
    if rows % num_parts != 0:
        say(
            f"warning: a micro-batch has {rows} rows, which {num_parts} devices cannot divide evenly: "
            "all of them compute all rows. Make the bundle with micro-batches of a multiple of the devices."
        )


def check_memory(
    bundle: Bundle, mesh: Mesh, compiled: jax.stages.Compiled, evaluator: Evaluator | None
) -> None:
    """Says what a step needs on a device. Raises `out-of-memory` where that is more than there is."""
    needed = memory_of(compiled)
    if needed is None:
        return
    if evaluator is not None:
        # What an evaluation does not read, the state of the optimizer above all, stays where it is.
        idle = set(bundle.step.STATE) - set(evaluator.names)
        needed = max(needed, (memory_of(evaluator.compiled) or 0) + state_bytes(bundle, mesh, idle))
    limit = (jax.local_devices()[0].memory_stats() or {}).get("bytes_limit")
    of = "" if limit is None else f" of {size_text(limit)}"
    say(f"a device needs {size_text(needed)}{of}")
    if limit is not None and needed > limit:
        message = f"a step needs {size_text(needed)} on a device, found {size_text(limit)}"
        raise Fault("out-of-memory", message, OUT_OF_MEMORY_HINT)


def state_bytes(bundle: Bundle, mesh: Mesh, names: set[str]) -> int:
    """Bytes of some of the state on each device."""
    shardings = state_shardings(bundle.step, mesh)

    def size_of(name: str) -> int:
        shape, dtype, _ = bundle.step.STATE[name]
        return math.prod(shardings[name].shard_shape(tuple(shape))) * np.dtype(dtype).itemsize

    return sum(size_of(name) for name in names)


OUT_OF_MEMORY_HINT = (
    "Share out the state with --fsdp, take more devices, "
    "or make the bundle with smaller micro-batches or --recompute."
)


def check_state(training: Training) -> None:
    """Loads the state as a run would, without taking the run."""
    bundle = training.bundle
    shapes = {**training.parameters, **training.optimizer}
    # Read by one process: they may share a disk.
    [step] = agreed(
        together(lambda: sound_checkpoint(bundle, read_run(bundle.run), shapes).step if is_first() else -1)
    )
    state = load_state(bundle.step, training.mesh, together(lambda: arrays_of(bundle.run, step)))
    jax.block_until_ready(state)
    say(f"the checkpoint of step {step} is loaded; all is ready for step {step + 1}")


def explained_by_jax(error: BaseException) -> BaseException:
    """What JAX threw, as a fault that says what to do."""
    if not isinstance(error, jax.errors.JaxRuntimeError):
        return error
    text = first_line(error)
    if "RESOURCE_EXHAUSTED" in text:
        return Fault("out-of-memory", f"a device has no memory left: {text}", OUT_OF_MEMORY_HINT)
    return Fault("engine-failure", f"JAX failed: {text}", "Check drivers and network; then start it again.")


def main(arguments: list[str]) -> int:
    start = time.monotonic()
    flags = parse_flags(arguments)
    try:
        train(flags, start)
        return 0
    except StoppedElsewhere as error:
        print(f"process {jax.process_index()} stops, since another one did", file=sys.stderr, flush=True)
        return error.exit_code
    except BaseException as error:
        explained = explained_by_jax(error)
        if not isinstance(explained, Fault):
            traceback.print_exc()
        else:
            print(f"error: {explained}\n{explained.hint}", file=sys.stderr, flush=True)
        code = explained.exit_code if isinstance(explained, Fault) else 1
        if not getattr(error, "is_shared", False) and jax.distributed.is_initialized():
            # The others wait for this one, and would until they give up: they are to learn that it is gone.
            os._exit(code)
        return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
