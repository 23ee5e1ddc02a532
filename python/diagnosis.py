"""What a run that stopped by itself leaves behind, so that a person can find out why."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from batches import Batches
from records import explained, json_text, write_durably
from sharding import replicated

Record = dict[str, Any]

# Numbers that are smaller are not divided by: devices may take them for 0.
SMALLEST_SCALE = 1e-30


def statistics_of(module: types.ModuleType, mesh: Mesh, state: Mapping[str, jax.Array]) -> Record:
    """Norm and largest magnitude of the finite numbers of each state, and how many are not finite.

    Every process must call it: the numbers lie on all of them.
    """

    def of(x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        finite = jnp.where(jnp.isfinite(x), x, 0.0).astype(jnp.float32)
        largest = jnp.max(jnp.abs(finite))
        # Squares of large numbers would overflow, and those of small ones vanish.
        scaled = finite / scale_of(largest)
        num_broken = jnp.sum(~jnp.isfinite(x), dtype=jnp.int32)
        return jnp.sqrt(jnp.sum(jnp.square(scaled))), largest, num_broken

    def scale_of(largest: jax.Array) -> jax.Array:
        return jnp.where(largest > SMALLEST_SCALE, largest, 1.0)

    def all_of(state: dict[str, jax.Array]) -> dict[str, tuple[jax.Array, jax.Array, jax.Array]]:
        return {name: of(x) for name, x in state.items()}

    found = jax.jit(all_of, out_shardings=replicated(mesh))(dict(state))
    statistics = {}
    for name, values in found.items():
        scaled_norm, largest, num_broken = (np.asarray(value).item() for value in values)
        statistics[name] = {
            "norm": _number(scaled_norm * (largest if largest > SMALLEST_SCALE else 1.0)),
            "largest": _number(largest),
            "numNonFinite": int(num_broken),
            "size": math.prod(module.STATE[name][0]),
        }
    return statistics


def write_diagnosis(
    run: Path,
    batches: Batches,
    facts: Record,
    last_steps: Sequence[tuple[int, float, float]],
    tensors: Record,
) -> Path:
    """Writes `diagnostics/step-N.json`: what the last steps (number, loss, gradient norm) read and gave."""
    steps = [
        {
            "step": step,
            "loss": _number(loss),
            "gradientNorm": _number(norm),
            # The batch of the n-th step is that of step n - 1, counted from 0.
            "rows": [
                {"dataset": batches.sources[one.dataset].text.name, "row": one.number, "epoch": one.epoch}
                for one in batches.places(step - 1)
            ],
        }
        for step, loss, norm in last_steps
    ]
    record = {"format": "groundwork-diagnosis", "version": 1, **facts, "steps": steps, "tensors": tensors}
    path = run / "diagnostics" / f"step-{facts['step']:08d}.json"
    with explained(path, "write"):
        path.parent.mkdir(exist_ok=True)
    write_durably(path, [(json_text(record, indent=2) + "\n").encode()])
    return path


def _number(x: float) -> float | str:
    """JSON has no NaN and no infinities."""
    if math.isfinite(x):
        return x
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
