"""A row of JAX as one writes it by hand for one GPU: layers in one scan, AdamW and Muon over the tree.

    python plain_jax_row.py --task FOLDER --model gpt2 --attention cudnn

Axis names: B batch, T time, D model width, H heads, K head width, L layers, V vocabulary.
"""

import argparse
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from jax_support import make_row, put
from task import Row, Unavailable, batches, first_values, run_row

FIXED = {
    "windowPattern": "L", "hasValueEmbeddings": False, "hasParallelBlocks": False, "hasResidualScales": False,
    "hasInputScales": False, "qkScale": 1, "scaling": None,
}  # fmt: skip
ACTIVATIONS: dict[str, Callable] = {
    "geluTanh": lambda x: jax.nn.gelu(x, approximate=True),
    "reluSquared": lambda x: jnp.square(jax.nn.relu(x)),
}
Tree = dict[str, jax.Array]


def make_loss(settings: dict, precision: str, attention: str) -> Callable:
    """Returns loss(parameters, tokens_BT, targets_BT), the sum of the cross-entropies; blocks are stacked."""
    for option, value in FIXED.items():
        if settings[option] != value:
            raise Unavailable(f"this row does not have {option} = {settings[option]}")
    dtype = jnp.bfloat16 if precision == "bfloat16" else jnp.float32
    K, T, epsilon = settings["headWidth"], settings["contextLength"], settings["normEpsilon"]
    implementation = None if attention == "default" else attention
    activation = ACTIVATIONS[settings["mlp"]]
    frequencies = settings["rotaryBase"] ** (-2.0 * np.arange(K // 2) / K)
    angles_TK = np.arange(T)[:, None] * frequencies
    cos_T1K = jnp.asarray(np.cos(angles_TK), dtype)[:, None]
    sin_T1K = jnp.asarray(np.sin(angles_TK), dtype)[:, None]

    def norm(x, p: Tree, name: str):
        x = x.astype(jnp.float32)
        if settings["norm"] == "layerNorm":
            x = x - jnp.mean(x, -1, keepdims=True)
        x = x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + epsilon)
        x = x * p[f"{name}.gain"] if f"{name}.gain" in p else x
        x = x + p[f"{name}.bias"] if f"{name}.bias" in p else x
        return x.astype(dtype)

    def linear(x, p: Tree, name: str):
        y = x @ p[name].astype(dtype).T
        return y + p[f"{name}.bias"].astype(dtype) if f"{name}.bias" in p else y

    def place(x_BTHK):
        if settings["positions"] == "rotary":
            first, second = jnp.split(x_BTHK, 2, -1)
            x_BTHK = jnp.concatenate(
                [first * cos_T1K - second * sin_T1K, second * cos_T1K + first * sin_T1K], -1
            )
        return norm(x_BTHK, {}, "") if settings["qkNorm"] == "afterRotary" else x_BTHK

    def block(x_BTD, p: Tree):
        B = x_BTD.shape[0]
        h_BTD = norm(x_BTD, p, "attention.norm")
        q, k, v = (
            linear(h_BTD, p, f"attention.{part}").reshape(B, T, -1, K) for part in ("query", "key", "value")
        )
        o_BTHK = jax.nn.dot_product_attention(
            place(q), place(k), v, is_causal=True, implementation=implementation
        )
        x_BTD += linear(o_BTHK.reshape(B, T, -1), p, "attention.output")
        hidden = activation(linear(norm(x_BTD, p, "mlp.norm"), p, "mlp.up"))
        return x_BTD + linear(hidden, p, "mlp.down"), None

    def loss(parameters: Tree, tokens_BT, targets_BT):
        x_BTD = parameters["embedding"].astype(dtype)[tokens_BT]
        if settings["positions"] == "learned":
            x_BTD += parameters["positions"].astype(dtype)
        if settings["hasEmbeddingNorm"]:
            x_BTD = norm(x_BTD, {}, "")
        blocks = {
            name.removeprefix("blocks."): p for name, p in parameters.items() if name.startswith("blocks.")
        }
        x_BTD, _ = jax.lax.scan(block, x_BTD, blocks)
        head = parameters["embedding" if settings["isHeadTied"] else "head"].astype(dtype)
        logits_BTV = jnp.matmul(norm(x_BTD, parameters, "norm"), head.T).astype(jnp.float32)
        if settings["logitSoftcap"] is not None:
            logits_BTV = settings["logitSoftcap"] * jnp.tanh(logits_BTV / settings["logitSoftcap"])
        target_BT = jnp.take_along_axis(logits_BTV, targets_BT[..., None], -1)[..., 0]
        return jnp.sum(jax.nn.logsumexp(logits_BTV, -1) - target_BT)

    return loss


def newton_schulz(X_LMN, num_iterations: int):
    a, b, c = 3.4445, -4.7750, 2.0315
    is_tall = X_LMN.shape[-2] > X_LMN.shape[-1]
    X = X_LMN.mT if is_tall else X_LMN
    X = X / (jnp.sqrt(jnp.sum(jnp.square(X), (-2, -1), keepdims=True)) + 1e-7)
    for _ in range(num_iterations):
        A = X @ X.mT
        X = a * X + (b * A + c * (A @ A)) @ X
    return X.mT if is_tall else X


def make_step(model: dict, factor: float, micro_batch_size: int, attention: str) -> Callable:
    """step((parameters, first moments, second moments, number), inputs) -> (state, (loss, gradient norm))."""
    settings, optimizer = model["settings"], model["optimizer"]
    gradient_of = jax.value_and_grad(make_loss(settings, model["precision"], attention))
    entries = {stacked(entry["name"]): entry for entry in model["parameters"]}
    num_tokens = model["batchSize"] * settings["contextLength"]

    def update(name: str, parameter, gradient, first, second, number):
        entry = entries[name]
        group = optimizer["groups"][entry["group"]]
        rate = factor * entry["learningRate"]
        parameter = parameter * (1 - rate * entry["weightDecay"])
        if group["algorithm"] == "muon":
            first = group["momentum"] * first + gradient
            direction = newton_schulz(gradient + group["momentum"] * first, group["numIterations"])
            rows, columns = parameter.shape[-2:]
            return parameter - rate * max(1, rows / columns) ** 0.5 * direction, first, second
        first = group["beta1"] * first + (1 - group["beta1"]) * gradient
        second = group["beta2"] * second + (1 - group["beta2"]) * gradient**2
        change = first / (1 - group["beta1"] ** number)
        change /= jnp.sqrt(second / (1 - group["beta2"] ** number)) + group["epsilon"]
        return parameter - rate * change, first, second

    def step(state, inputs: Tree):
        parameters, first, second, number = state

        def accumulate(total, rows):
            return jax.tree.map(jnp.add, total, gradient_of(parameters, *rows)), None

        parts = tuple(
            inputs[name].reshape(-1, micro_batch_size, settings["contextLength"])
            for name in ("tokens", "targets")
        )
        zero = (jnp.zeros(()), jax.tree.map(jnp.zeros_like, parameters))
        (loss, gradient), _ = jax.lax.scan(accumulate, zero, parts)
        loss, gradient = jax.tree.map(lambda x: x / num_tokens, (loss, gradient))
        norm = jnp.sqrt(sum(jnp.sum(jnp.square(g)) for g in gradient.values()))
        if optimizer["clipNorm"] is not None:
            scale = jnp.minimum(1, optimizer["clipNorm"] / (norm + 1e-6))
            gradient = jax.tree.map(lambda g: g * scale, gradient)
        updated = {
            name: update(name, parameters[name], gradient[name], first[name], second.get(name), number)
            for name in parameters
        }
        following = tuple(
            {name: new[part] for name, new in updated.items() if new[part] is not None} for part in range(3)
        )
        return (*following, number + 1), (loss, norm)

    return step


def stacked(name: str) -> str:
    """blocks.3.mlp.up → blocks.mlp.up: all layers lie in one array."""
    first, _, rest = name.partition(".")
    return f"blocks.{rest.partition('.')[2]}" if first == "blocks" else name


def load(task: dict, model: dict, arguments: argparse.Namespace, micro_batch_size: int) -> Row:
    if arguments.attention == "cudnn" and arguments.device == "cpu":
        raise Unavailable("JAX on a cpu has no attention of cuDNN")
    layers: dict[str, list[np.ndarray]] = {}
    for name, value in first_values(model).items():
        layers.setdefault(stacked(name), []).append(value)
    parameters = {
        name: put(np.stack(found) if name.startswith("blocks.") else found[0])
        for name, found in layers.items()
    }
    groups = model["optimizer"]["groups"]
    uses_second = {
        stacked(e["name"]): groups[e["group"]]["algorithm"] == "adamw" for e in model["parameters"]
    }
    second = {name: jnp.zeros_like(p) for name, p in parameters.items() if uses_second[name]}
    state = (parameters, jax.tree.map(jnp.zeros_like, parameters), second, jnp.float32(1))
    inputs = [{"tokens": tokens, "targets": targets} for tokens, targets in batches(model)]
    attention = "default" if model["precision"] == "float32" else arguments.attention
    step = make_step(model, task["scheduleFactor"], micro_batch_size, attention)
    return make_row(step, state, inputs, model["precision"], arguments.device, lambda out: out)


if __name__ == "__main__":
    run_row(load)
