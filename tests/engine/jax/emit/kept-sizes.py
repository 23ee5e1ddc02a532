"""Counts, for each module named, the arrays that its loss keeps for the backward pass, by their number of elements."""

import collections
import importlib.util
import json
import sys

import jax
import jax.numpy as jnp


def kept_sizes(path: str) -> dict[int, int]:
    """Number of elements to number of arrays; nothing is computed."""
    spec = importlib.util.spec_from_file_location("step", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    parameters = {
        name: jax.ShapeDtypeStruct(shape, jnp.dtype(dtype))
        for name, (shape, dtype, kind) in module.STATE.items()
        if kind == "parameter"
    }
    shape = module.INPUTS["tokens"][0]
    rows = {name: jnp.zeros(shape, jnp.dtype(dtype)) for name, (of, dtype) in module.INPUTS.items() if of == shape}
    rows["totalWeight"] = jnp.float32(1.0)

    def kept(parameters):
        return jax.vjp(lambda values: module.loss(values, rows), parameters)[1]

    arrays = jax.tree.leaves(jax.eval_shape(kept, parameters))
    return collections.Counter(array.size for array in arrays)


print(json.dumps([kept_sizes(path) for path in sys.argv[1:]]))
