"""Where the numbers of a run lie: the mesh of devices, a table of rules for the state, and its ways in and
out.

The mesh has three axes. `data`: copies of the model, each with rows of its own. `fsdp`: devices that share
out the state of a copy and have rows of their own. `model`: devices that share each matrix product (tensor
parallel).
"""

from __future__ import annotations

import math
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from records import Fault

AXES = ("data", "fsdp", "model")
# What the rows of a batch are divided over.
ROWS = ("data", "fsdp")

# Which dimension of a parameter lies on `model`, counted from the end (weights are [out, in]); the first
# match wins. The rows of a matrix that is read by heads or hidden units, the columns of the one that adds
# them up, tables by vocabulary.
RULES: tuple[tuple[str, int | None], ...] = (
    (r"(^|\.)(query|key|value|up|gate|valueGate)$", -2),
    (r"(^|\.)(query|key|value|up|gate)\.bias$", -1),
    (r"(^|\.)attention\.valueEmbedding$", -1),
    (r"(^|\.)(attention\.output|mlp\.down)$", -1),
    (r"^(embedding|head)$", -2),
    (r"", None),
)

Shardings = dict[str, NamedSharding]
Arrays = Mapping[str, np.ndarray]


def make_mesh(
    data: int | None = None, fsdp: int | None = 1, model: int = 1, devices: Sequence[jax.Device] | None = None
) -> Mesh:
    """A mesh of all devices; `data` or `fsdp` may be None: as many as there are left. Raises `usage`."""
    num_devices = len(jax.devices() if devices is None else devices)
    known = (data or 1) * (fsdp or 1) * model
    left = num_devices // known
    if data is None:
        data = left
    elif fsdp is None:
        fsdp = left
    shape = (data, fsdp or 1, model)
    if data * (fsdp or 1) * model != num_devices:
        sizes = f"data {shape[0]} × fsdp {shape[1]} × model {shape[2]}"
        message = f"a mesh of {sizes} does not hold {num_devices} devices"
        raise Fault(
            "usage",
            message,
            "Let the three numbers multiply to the number of devices; see --data, --fsdp, --model.",
        )
    return jax.make_mesh(shape, AXES, axis_types=(AxisType.Auto,) * 3, devices=devices)


# The table -------------------------------------------------------------------------------------------------


def parameter_of(name: str) -> str:
    """The parameter that a state is of: what the optimizer keeps lies where its parameter does."""
    found = re.fullmatch(r"optimizer\.(.+)\.(firstMoment|secondMoment)", name)
    return found[1] if found else name


def spec_of(name: str, shape: Sequence[int], mesh: Mesh) -> PartitionSpec:
    """How a state is divided: one dimension over `model` by the rules, the largest other one over `fsdp`.

    A dimension is divided only where it divides evenly, and the leading axis of a stack of layers never.
    """
    parameter = parameter_of(name)
    first = 1 if "*" in name else 0
    axes: list[str | None] = [None] * len(shape)
    rule = next(dimension for pattern, dimension in RULES if re.search(pattern, parameter))
    if rule is not None and len(shape) + rule >= first and shape[rule] % mesh.shape["model"] == 0:
        axes[rule] = "model" if mesh.shape["model"] > 1 else None
    num_shares = mesh.shape["fsdp"]
    free = [i for i in range(first, len(shape)) if axes[i] is None and shape[i] % num_shares == 0]
    if num_shares > 1 and free:
        axes[max(free, key=lambda i: shape[i])] = "fsdp"
    return PartitionSpec(*axes)


def state_shardings(module: types.ModuleType, mesh: Mesh) -> Shardings:
    """Of each state of an emitted module."""
    return {
        name: NamedSharding(mesh, spec_of(name, shape, mesh)) for name, (shape, _, _) in module.STATE.items()
    }


def rows_sharding(mesh: Mesh, shape: Sequence[int]) -> NamedSharding:
    """Of an input: its rows over the devices that have rows of their own, where they divide evenly."""
    num_parts = mesh.shape["data"] * mesh.shape["fsdp"]
    if len(shape) == 0 or shape[0] % num_parts != 0:
        return NamedSharding(mesh, PartitionSpec())
    return NamedSharding(mesh, PartitionSpec(ROWS))


def replicated(mesh: Mesh) -> NamedSharding:
    return NamedSharding(mesh, PartitionSpec())


def sharding_table(module: types.ModuleType, mesh: Mesh) -> str:
    """What lies where, for people: a line for each parameter, and what a device holds."""
    lines, total, held = [], 0, 0
    for name, sharding in state_shardings(module, mesh).items():
        shape, dtype, kind = module.STATE[name]
        share = sharding.shard_shape(tuple(shape))
        size = jnp.dtype(dtype).itemsize
        total += size * math.prod(shape)
        held += size * math.prod(share)
        if kind == "parameter":
            axes = ", ".join("–" if axis is None else str(axis) for axis in sharding.spec)
            lines.append(f"  {name:<38} {str(list(shape)):<20} {axes:<16} {list(share)}")
    sizes = " × ".join(f"{axis} {mesh.shape[axis]}" for axis in AXES)
    return "\n".join(
        [
            f"{mesh.size} devices as {sizes}.",
            f"Of the state of {size_text(total)} a device holds {size_text(held)}.",
            "Parameters, what their dimensions are divided over, what a device has; the optimizer alike:",
            *lines,
        ]
    )


def size_text(num_bytes: float) -> str:
    """Bytes for people."""
    unit, name = next(
        (one for one in ((2**30, "GiB"), (2**20, "MiB")) if num_bytes >= one[0]), (2**10, "KiB")
    )
    return f"{num_bytes / unit:.1f} {name}"


# The step --------------------------------------------------------------------------------------------------


def place_rows(module: types.ModuleType, mesh: Mesh) -> None:
    """Tells a module where rows lie: sets its hook `shard_rows` (see emitted modules)."""

    def shard_rows(x: jax.Array) -> jax.Array:
        sharding = rows_sharding(mesh, x.shape)
        return x if sharding.is_fully_replicated else jax.lax.with_sharding_constraint(x, sharding)

    module.shard_rows = shard_rows  # type: ignore[attr-defined]


def compile_step(
    module: types.ModuleType,
    mesh: Mesh,
    precision: str,
    attention: str | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> jax.stages.Compiled:
    """Compiles a module for its mesh: (state, inputs) → (next state, outputs), the state given up for the
    next one.

    precision: "highest" for products in all bits of float32, "default" for what the device does fastest.
    attention: its kernel, "xla" or "cudnn"; None for what suits the devices. The module's ATTENTION says what
    was taken. With --xla_gpu_deterministic_ops both give the same bits each time (openxla/xla#14125).
    tell: hears why cuDNN does not take a model.
    """
    if not hasattr(module, "ATTENTION"):
        return _compiled(module, mesh, precision)
    if attention is None and suits_cudnn(jax.devices()[0], precision):
        module.ATTENTION = "cudnn"  # type: ignore[attr-defined]
        try:
            return _compiled(module, mesh, precision)
        except (ValueError, NotImplementedError, RuntimeError) as refusal:
            # It does not take every width of a head; one that a device lacks memory for is no better without.
            if "RESOURCE_EXHAUSTED" in str(refusal):
                raise
            tell(f"cuDNN does not take the attention of this model: {first_line(refusal)}")
            # JAX would go on from what it has traced with cuDNN.
            jax.clear_caches()
    module.ATTENTION = attention  # type: ignore[attr-defined]
    return _compiled(module, mesh, precision)


def suits_cudnn(device: jax.Device, precision: str) -> bool:
    """Whether cuDNN has a kernel of attention for a device and numbers of this precision: whoever lets
    products be made as the device does fastest computes in 16 bits.
    """
    if device.platform != "gpu" or precision != "default":
        return False
    # Of NVIDIA "9.0" and the like; others call theirs by names.
    version = re.fullmatch(r"(\d+)\.\d+", str(getattr(device, "compute_capability", "")))
    return version is not None and int(version[1]) >= 8


def first_line(error: BaseException) -> str:
    """The line of an error of JAX that says most."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else "JAX gave no reason"


def _compiled(module: types.ModuleType, mesh: Mesh, precision: str) -> jax.stages.Compiled:
    place_rows(module, mesh)
    state, inputs = state_shardings(module, mesh), _input_shardings(module, mesh)
    jitted = jax.jit(
        module.step,
        in_shardings=(state, inputs),
        out_shardings=(state, replicated(mesh)),
        donate_argnums=(0,),
    )
    with jax.default_matmul_precision(precision):
        return jitted.lower(_specs(module.STATE), _specs(module.INPUTS)).compile()


def compile_evaluation(
    module: types.ModuleType, source: types.ModuleType, mesh: Mesh, precision: str
) -> jax.stages.Compiled:
    """Compiles a module that reads the state of another one: (state of `source`, inputs) → outputs."""
    place_rows(module, mesh)
    state, inputs = state_shardings(source, mesh), _input_shardings(module, mesh)
    names = state_names(module, source)

    def outputs(state: dict[str, jax.Array], inputs: dict[str, jax.Array]) -> dict[str, jax.Array]:
        return module.step(_fitted(module, source, state), inputs)[1]

    jitted = jax.jit(
        outputs, in_shardings=({name: state[name] for name in names}, inputs), out_shardings=replicated(mesh)
    )
    with jax.default_matmul_precision(precision):
        given = _specs({name: source.STATE[name] for name in names})
        return jitted.lower(given, _specs(module.INPUTS)).compile()


def state_names(module: types.ModuleType, source: types.ModuleType) -> list[str]:
    """The states of `source` that hold those of another module."""
    places = elements(source)
    return list(dict.fromkeys(places[name][0] for name in elements(module)))


def _fitted(
    module: types.ModuleType, source: types.ModuleType, state: Mapping[str, jax.Array]
) -> dict[str, jax.Array]:
    """The state of one module as another one wants it: layers may be stacked in another way."""
    places = elements(source)

    def single(name: str) -> jax.Array:
        key, place = places[name]
        return state[key] if place is None else state[key][place]

    def fitted(name: str) -> jax.Array:
        numbers = module.STACKS.get(name)
        if name in state and source.STACKS.get(name) == numbers:
            return state[name]
        return (
            single(name)
            if numbers is None
            else jnp.stack([single(name.replace("*", str(n), 1)) for n in numbers])
        )

    return {name: fitted(name) for name in module.STATE}


def _input_shardings(module: types.ModuleType, mesh: Mesh) -> Shardings:
    return {name: rows_sharding(mesh, shape) for name, (shape, _) in module.INPUTS.items()}


def _specs(table: Mapping[str, tuple[Any, ...]]) -> dict[str, jax.ShapeDtypeStruct]:
    return {name: jax.ShapeDtypeStruct(one[0], jnp.dtype(one[1])) for name, one in table.items()}


def memory_of(compiled: jax.stages.Compiled) -> int | None:
    """The most that a device holds in a step, by the compiler's own account, in bytes; None where it does not
    say.
    """
    analysis = compiled.memory_analysis()
    if analysis is None:
        return None
    return (
        analysis.argument_size_in_bytes
        + analysis.output_size_in_bytes
        - analysis.alias_size_in_bytes
        + analysis.temp_size_in_bytes
    )


# In and out ------------------------------------------------------------------------------------------------


def elements(module: types.ModuleType) -> dict[str, tuple[str, int | None]]:
    """Where each single state lies: the name of its stack with its place in it, or its own name."""
    places: dict[str, tuple[str, int | None]] = {}
    for name in module.STATE:
        numbers = module.STACKS.get(name)
        if numbers is None:
            places[name] = (name, None)
        else:
            places.update({name.replace("*", str(n), 1): (name, place) for place, n in enumerate(numbers)})
    return places


def element_shapes(module: types.ModuleType, kinds: Callable[[str], bool]) -> dict[str, tuple[int, ...]]:
    """Shapes of the single states of some kinds ("parameter", "optimizer", …), in the order of the module."""
    shapes = {}
    for name, (key, place) in elements(module).items():
        shape, _, kind = module.STATE[key]
        if kinds(kind):
            shapes[name] = tuple(shape) if place is None else tuple(shape[1:])
    return shapes


def load_state(module: types.ModuleType, mesh: Mesh, arrays: Arrays) -> dict[str, jax.Array]:
    """Puts a state onto the devices, each reading only what it will hold. `arrays` are by single names."""

    def array_of(name: str, sharding: NamedSharding) -> jax.Array:
        shape, dtype, _ = module.STATE[name]
        numbers = module.STACKS.get(name)

        def piece(index: tuple[slice, ...]) -> np.ndarray:
            # Copied: what is mapped from a file must not become a buffer that a step writes to.
            if numbers is None:
                return np.array(arrays[name][index], dtype)
            layers = (name.replace("*", str(n), 1) for n in numbers[index[0]])
            return np.stack([arrays[layer][index[1:]] for layer in layers]).astype(dtype)

        return jax.make_array_from_callback(tuple(shape), sharding, piece)

    return {name: array_of(name, sharding) for name, sharding in state_shardings(module, mesh).items()}


class Gatherer:
    """Brings single states to every process, one at a time: for checkpoints of what no device holds whole."""

    def __init__(self, module: types.ModuleType, mesh: Mesh) -> None:
        self._places = elements(module)
        whole = replicated(mesh)
        self._all = jax.jit(lambda x: x, out_shardings=whole)
        self._one = jax.jit(
            lambda x, i: jax.lax.dynamic_index_in_dim(x, i, keepdims=False), out_shardings=whole
        )

    def tensors(self, state: Mapping[str, jax.Array], names: Iterable[str]) -> Iterator[np.ndarray]:
        """The states of these names. Every process must read on to the end, also where it has no use for
        them.
        """
        for name in names:
            key, place = self._places[name]
            whole = self._all(state[key]) if place is None else self._one(state[key], place)
            yield np.asarray(whole.addressable_data(0))
