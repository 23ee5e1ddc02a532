"""The JAX peer: the whole training step, gradient and AdamW included, in one jit with donated state.

    python peer.py --spec PATH.json --threads N

Axis names: B batch, T time, D model width, H heads, K head width, V vocabulary.
"""

import os
import sys
from argparse import Namespace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from protocol import Model, Optimizer, Peer, read_task, serve  # noqa: E402


def make_loss(model: Model):
    """Returns loss(parameters, inputs_BT, targets_BT), the mean cross-entropy."""
    import jax
    import jax.numpy as jnp

    num_heads, head_width = model.numHeads, model.width // model.numHeads
    frequencies = 10000.0 ** (-2.0 * jnp.arange(head_width // 2) / head_width)
    angles = jnp.arange(model.contextLength)[:, None] * frequencies
    cos_TK, sin_TK = jnp.cos(angles), jnp.sin(angles)
    is_visible = jnp.tril(jnp.ones((model.contextLength, model.contextLength), bool))

    def norm(x):
        return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + 1e-6)

    def rotate(x_BHTK):
        first, second = jnp.split(x_BHTK, 2, axis=-1)
        return jnp.concatenate([first * cos_TK - second * sin_TK, second * cos_TK + first * sin_TK], axis=-1)

    def attend(q_BHTK, k_BHTK, v_BHTK):
        # Written out, with heads before time: jax.nn.dot_product_attention and the B T H K form were never faster.
        scores_BHTS = q_BHTK @ k_BHTK.swapaxes(-1, -2) * head_width**-0.5
        weights_BHTS = jax.nn.softmax(jnp.where(is_visible, scores_BHTS, -jnp.inf), axis=-1)
        return (weights_BHTS @ v_BHTK).swapaxes(1, 2)

    def loss(parameters, inputs_BT, targets_BT):
        def linear(x, name):
            return x @ parameters[name].T

        def heads(h_BTD, name):
            return linear(h_BTD, name).reshape(*h_BTD.shape[:2], num_heads, head_width).swapaxes(1, 2)

        x_BTD = parameters["embedding"][inputs_BT]
        for layer in range(model.numLayers):
            attention, mlp = f"blocks.{layer}.attention", f"blocks.{layer}.mlp"
            h_BTD = norm(x_BTD)
            q_BHTK = rotate(norm(heads(h_BTD, f"{attention}.query")))
            k_BHTK = rotate(norm(heads(h_BTD, f"{attention}.key")))
            v_BHTK = heads(h_BTD, f"{attention}.value")
            x_BTD += linear(attend(q_BHTK, k_BHTK, v_BHTK).reshape(x_BTD.shape), f"{attention}.output")
            x_BTD += linear(jnp.square(jax.nn.relu(linear(norm(x_BTD), f"{mlp}.up"))), f"{mlp}.down")
        logits_BTV = linear(norm(x_BTD), "head")
        target_logits_BT = jnp.take_along_axis(logits_BTV, targets_BT[..., None], axis=-1)[..., 0]
        return jnp.mean(jax.nn.logsumexp(logits_BTV, axis=-1) - target_logits_BT)

    return loss


def make_step(model: Model, optimizer: Optimizer):
    """Returns step(state, tokens_BT) -> (state, loss); state is (parameters, first and second moments, step number)."""
    import jax
    import jax.numpy as jnp

    loss_and_gradient = jax.value_and_grad(make_loss(model))
    beta1, beta2 = optimizer.beta1, optimizer.beta2

    @partial(jax.jit, donate_argnums=0)
    def step(state, tokens_BT):
        parameters, first, second, number = state
        loss, gradient = loss_and_gradient(parameters, tokens_BT[:, :-1], tokens_BT[:, 1:])
        first = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, first, gradient)
        second = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, second, gradient)
        rate = optimizer.learningRate / (1 - beta1**number)
        correction = jax.lax.rsqrt(1 - beta2**number)
        decay = 1 - optimizer.learningRate * optimizer.weightDecay
        parameters = jax.tree.map(
            lambda p, m, v: decay * p - rate * m / (jnp.sqrt(v) * correction + optimizer.epsilon),
            parameters, first, second,
        )  # fmt: skip
        return (parameters, first, second, number + 1), loss

    return step


def load(arguments: Namespace) -> Peer:
    task = read_task(arguments.spec)
    # JAX sizes its pools from this variable, and only when it is first imported.
    os.environ["NPROC"] = str(arguments.threads)
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import jaxlib
    import jax.numpy as jnp

    parameters = {name: jnp.array(value) for name, value in task.parameters.items()}
    zeros = {name: jnp.zeros_like(value) for name, value in parameters.items()}
    state = (parameters, zeros, jax.tree.map(jnp.zeros_like, zeros), jnp.float32(1))
    run = make_step(task.model, task.optimizer)

    def step(k: int) -> float:
        nonlocal state
        state, loss = run(state, task.tokens[k % len(task.tokens)])
        return float(loss)

    return Peer({"jax": jax.__version__, "jaxlib": jaxlib.__version__, "python": sys.version.split()[0]}, step)


if __name__ == "__main__":
    serve(load, {})
