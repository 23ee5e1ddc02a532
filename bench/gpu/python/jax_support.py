"""What the rows of JAX share: the device, compiling ahead, memory, telling faults of memory from others."""

import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np

from task import OutOfMemory, Row, Unavailable, peak_resident_bytes


def device_of(kind: str) -> jax.Device:
    found = jax.devices()[0]
    if (found.platform == "cpu") != (kind == "cpu"):
        raise Unavailable(f"JAX runs on {found.platform} here, expected a {kind}")
    return found


def has_run_out(error: Exception) -> bool:
    return "RESOURCE_EXHAUSTED" in str(error) or "out of memory" in str(error).lower()


def planned_bytes(compiled: Any) -> int | None:
    analysis = compiled.memory_analysis()
    if analysis is None:
        return None
    sizes = analysis.argument_size_in_bytes + analysis.output_size_in_bytes - analysis.alias_size_in_bytes
    return sizes + analysis.temp_size_in_bytes


def make_row(
    step: Callable,
    state: Any,
    inputs: list[dict[str, np.ndarray]],
    precision: str,
    kind: str,
    outputs: Callable,
) -> Row:
    """A row around `step(state, inputs) -> (state, outputs)`; `outputs` picks loss and gradient norm."""
    device = device_of(kind)
    # In bfloat16 runs Newton–Schulz may use TensorFloat32, as in PyTorch; the check in float32 may not.
    with jax.default_matmul_precision("highest" if precision == "float32" else "default"):
        start = time.perf_counter()
        try:
            compiled = jax.jit(step, donate_argnums=0).lower(state, inputs[0]).compile()
        except Exception as error:
            if has_run_out(error):
                raise OutOfMemory from error
            raise
        compile_ms = 1e3 * (time.perf_counter() - start)
    planned = planned_bytes(compiled)
    stats = device.memory_stats() or {}
    limit = stats.get("bytes_limit")
    if planned is not None and limit is not None and planned > limit:
        raise OutOfMemory
    held = state

    def run(number: int) -> Any:
        nonlocal held
        try:
            held, result = compiled(held, inputs[number % len(inputs)])
        except Exception as error:
            if has_run_out(error):
                raise OutOfMemory from error
            raise
        return outputs(result)

    def fetch(result: Any) -> tuple[float, float]:
        try:
            loss, norm = jax.device_get(result)
        except Exception as error:
            if has_run_out(error):
                raise OutOfMemory from error
            raise
        return float(loss), float(norm)

    def peak() -> int | None:
        found = device.memory_stats()
        return peak_resident_bytes() if found is None else found.get("peak_bytes_in_use")

    versions = {"jax": jax.__version__, "jaxlib": jaxlib.__version__, "python": sys.version.split()[0]}
    described = {"name": device.device_kind, "memoryBytes": limit}
    return Row(run, fetch, peak, versions, described, compile_ms, planned)


def put(values: np.ndarray) -> jax.Array:
    return jnp.asarray(values)
