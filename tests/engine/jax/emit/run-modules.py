"""Runs emitted modules for tests: one request on standard input, one answer on standard output, both JSON.

A request is a list of {"modules": [text], "state": {name: numbers}, "inputs": {name: numbers}}: all modules of one entry
get the same values, by the names of the Program. The answer has for each module what every state became and what came
out, as flat lists by the same names.
"""

import json
import sys
import types

import jax
import jax.numpy as jnp
import numpy as np

Values = dict[str, list[float]]


def load(text: str) -> types.ModuleType:
    """Imports a module from its text."""
    module = types.ModuleType("step")
    exec(compile(text, "<step>", "exec"), module.__dict__)
    return module


def element_names(module: types.ModuleType, name: str) -> list[str]:
    """The states that a key of STATE holds."""
    numbers = module.STACKS.get(name)
    return [name] if numbers is None else [name.replace("*", str(number), 1) for number in numbers]


def state_of(module: types.ModuleType, values: Values) -> dict[str, jax.Array]:
    """The state of a module from the values of its states."""
    return {
        name: jnp.asarray(np.array([values[one] for one in element_names(module, name)]).reshape(shape), dtype)
        for name, (shape, dtype, _) in module.STATE.items()
    }


def flat(array: jax.Array) -> list[float]:
    return np.asarray(array).astype(np.float64).reshape(-1).tolist()


def run(text: str, state: Values, inputs: Values) -> dict[str, Values]:
    """One step; shapes and types are checked against the module's own tables."""
    module = load(text)
    given = {
        name: jnp.asarray(np.array(inputs[name]).reshape(shape), dtype) for name, (shape, dtype) in module.INPUTS.items()
    }
    next_state, outputs = jax.jit(module.step)(state_of(module, state), given)
    assert set(next_state) == set(module.STATE) and set(outputs) == set(module.OUTPUTS), "other names than promised"
    for found, promised in ((next_state, module.STATE), (outputs, module.OUTPUTS)):
        for name, (shape, dtype, *_) in promised.items():
            value = found[name]
            assert (value.shape, str(value.dtype)) == (shape, dtype), f"{name} is {value.dtype}{value.shape}"
    states: Values = {}
    for name, array in next_state.items():
        elements = array if name in module.STACKS else [array]
        states.update({one: flat(element) for one, element in zip(element_names(module, name), elements)})
    return {"state": states, "outputs": {name: flat(array) for name, array in outputs.items()}}


def main() -> None:
    requests = json.load(sys.stdin)
    print(json.dumps([[run(text, one["state"], one["inputs"]) for text in one["modules"]] for one in requests]))


main()
