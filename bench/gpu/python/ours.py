"""Groundwork's row: the emitted step as it is, compiled and run as the engine does it.

python ours.py --task FOLDER --model gpt2 --form fast --attention cudnn
"""

import argparse
import importlib.util
from pathlib import Path
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np

from jax_support import make_row, put
from task import Row, Unavailable, batches, first_values, run_row


def emitted(task_folder: str, model: dict, form: str, micro_batch_size: int) -> ModuleType:
    """Imports the emitted module of a model for micro-batches of this size."""
    paths = model["modules"][form]
    path = paths.get(str(micro_batch_size))
    if path is None:
        raise Unavailable(
            f"no {form} step was emitted for micro-batches of {micro_batch_size}, only of {', '.join(paths)}"
        )
    spec = importlib.util.spec_from_file_location("emitted_step", Path(task_folder) / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def first_state(module: ModuleType, model: dict) -> dict[str, jax.Array]:
    """The parameters, stacked over layers where the module wants it, and the optimizer's state, all zero."""
    values = first_values(model)
    state = {}
    for name, (shape, dtype, kind) in module.STATE.items():
        if kind != "parameter":
            state[name] = jnp.zeros(shape, dtype)
        elif name in module.STACKS:
            state[name] = put(
                np.stack([values[name.replace("*", str(number))] for number in module.STACKS[name]])
            )
        else:
            state[name] = put(values[name])
    return state


def choose_attention(module: ModuleType, implementation: str, kind: str) -> None:
    """Which kernel computes attention, where the module has any."""
    if implementation == "cudnn" and kind == "cpu":
        raise Unavailable("JAX on a cpu has no attention of cuDNN")
    if implementation != "default" and hasattr(module, "ATTENTION"):
        module.ATTENTION = implementation


def load(task: dict, model: dict, arguments: argparse.Namespace, micro_batch_size: int) -> Row:
    module = emitted(arguments.task, model, arguments.form, micro_batch_size)
    choose_attention(module, arguments.attention, arguments.device)
    shape = (model["batchSize"], model["size"]["contextLength"])
    fixed = {"weights": np.ones(shape, np.float32), "scheduleFactor": np.float32(task["scheduleFactor"])}
    inputs = [{"tokens": tokens, "targets": targets, **fixed} for tokens, targets in batches(model)]
    state = first_state(module, model)
    return make_row(
        module.step,
        state,
        inputs,
        model["precision"],
        arguments.device,
        lambda out: (out["loss"], out["gradientNorm"]),
    )


if __name__ == "__main__":
    run_row(load)
