"""Runs emitted modules for tests: one JSON request on standard input, one JSON answer on standard output.

A request is {"modules": [text], "values": {"state": {name: numbers}, "inputs": {name: numbers}}}: every module gets the same
values, by the names of the Program; a stack takes its elements. The answer has for each module what every state became
and what came out, as flat lists by the same names, and what XLA was given, in lines.
"""

import json
import sys
import types

import jax
import jax.numpy as jnp
import numpy as np


def load(text: str) -> types.ModuleType:
    module = types.ModuleType("step")
    exec(compile(text, "<step>", "exec"), module.__dict__)
    return module


def state_of(module: types.ModuleType, values: dict[str, list[float]]) -> dict[str, jax.Array]:
    state = {}
    for name, (shape, dtype, _) in module.STATE.items():
        numbers = module.STACKS.get(name)
        if numbers is None:
            array = np.array(values[name])
        else:
            array = np.array([values[name.replace("*", str(number), 1)] for number in numbers])
        state[name] = jnp.asarray(array.reshape(shape), dtype)
    return state


def flat(array: jax.Array) -> list[float]:
    return np.asarray(array).astype(np.float64).reshape(-1).tolist()


def run(text: str, values: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, list[float]]]:
    module = load(text)
    state = state_of(module, values["state"])
    inputs = {
        name: jnp.asarray(np.array(values["inputs"][name]).reshape(shape), dtype)
        for name, (shape, dtype) in module.INPUTS.items()
    }
    next_state, outputs = jax.jit(module.step)(state, inputs)
    for name, (shape, dtype, _) in module.STATE.items():
        found = next_state[name]
        assert (found.shape, str(found.dtype)) == (shape, dtype), f"state {name} became {found.dtype}{found.shape}"
    for name, (shape, dtype) in module.OUTPUTS.items():
        found = outputs[name]
        assert (found.shape, str(found.dtype)) == (shape, dtype), f"output {name} is {found.dtype}{found.shape}"
    assert list(next_state) == list(module.STATE) and list(outputs) == list(module.OUTPUTS)
    states = {}
    for name, array in next_state.items():
        if name not in module.STACKS:
            states[name] = flat(array)
        for number, element in zip(module.STACKS.get(name, ()), array if name in module.STACKS else ()):
            states[name.replace("*", str(number), 1)] = flat(element)
    return {"state": states, "outputs": {name: flat(array) for name, array in outputs.items()}}


def main() -> None:
    request = json.load(sys.stdin)
    answers = []
    for one in request["runs"]:
        answers.append([run(text, one["values"]) for text in one["modules"]])
    print(json.dumps(answers))


main()
