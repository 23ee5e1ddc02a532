"""A training step of gpt2."""

import jax
import jax.numpy as jnp

FORMAT = 1
PROGRAM = "3b7fa70014f29e4c1a65c09fecb3e853304023c0823a0d90e5d03ed2b89b4019"

# What lives from step to step: shape, element type, kind. A name with * is a stack over layers along the leading axis.
STATE = {
    "embedding": ((64, 32), "float32", "parameter"),
    "positions": ((16, 32), "float32", "parameter"),
    "blocks.*.attention.norm.gain": ((4, 32), "float32", "parameter"),
    "blocks.*.attention.norm.bias": ((4, 32), "float32", "parameter"),
    "blocks.*.attention.query": ((4, 32, 32), "float32", "parameter"),
    "blocks.*.attention.query.bias": ((4, 32), "float32", "parameter"),
    "blocks.*.attention.key": ((4, 32, 32), "float32", "parameter"),
    "blocks.*.attention.key.bias": ((4, 32), "float32", "parameter"),
    "blocks.*.attention.value": ((4, 32, 32), "float32", "parameter"),
    "blocks.*.attention.value.bias": ((4, 32), "float32", "parameter"),
    "blocks.*.attention.output": ((4, 32, 32), "float32", "parameter"),
    "blocks.*.attention.output.bias": ((4, 32), "float32", "parameter"),
    "blocks.*.mlp.norm.gain": ((4, 32), "float32", "parameter"),
    "blocks.*.mlp.norm.bias": ((4, 32), "float32", "parameter"),
    "blocks.*.mlp.up": ((4, 128, 32), "float32", "parameter"),
    "blocks.*.mlp.up.bias": ((4, 128), "float32", "parameter"),
    "blocks.*.mlp.down": ((4, 32, 128), "float32", "parameter"),
    "blocks.*.mlp.down.bias": ((4, 32), "float32", "parameter"),
    "norm.gain": ((32,), "float32", "parameter"),
    "norm.bias": ((32,), "float32", "parameter"),
    "optimizer.embedding.firstMoment": ((64, 32), "float32", "optimizer"),
    "optimizer.embedding.secondMoment": ((64, 32), "float32", "optimizer"),
    "optimizer.positions.firstMoment": ((16, 32), "float32", "optimizer"),
    "optimizer.positions.secondMoment": ((16, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.norm.gain.firstMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.norm.gain.secondMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.norm.bias.firstMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.norm.bias.secondMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.query.firstMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.query.secondMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.query.bias.firstMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.query.bias.secondMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.key.firstMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.key.secondMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.key.bias.firstMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.key.bias.secondMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.value.firstMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.value.secondMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.value.bias.firstMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.value.bias.secondMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.output.firstMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.output.secondMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.output.bias.firstMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.output.bias.secondMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.norm.gain.firstMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.norm.gain.secondMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.norm.bias.firstMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.norm.bias.secondMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.up.firstMoment": ((4, 128, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.up.secondMoment": ((4, 128, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.up.bias.firstMoment": ((4, 128), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.up.bias.secondMoment": ((4, 128), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.down.firstMoment": ((4, 32, 128), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.down.secondMoment": ((4, 32, 128), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.down.bias.firstMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.down.bias.secondMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.norm.gain.firstMoment": ((32,), "float32", "optimizer"),
    "optimizer.norm.gain.secondMoment": ((32,), "float32", "optimizer"),
    "optimizer.norm.bias.firstMoment": ((32,), "float32", "optimizer"),
    "optimizer.norm.bias.secondMoment": ((32,), "float32", "optimizer"),
    "optimizer.groups.0.firstCorrection": ((), "float32", "optimizer"),
    "optimizer.groups.0.secondCorrection": ((), "float32", "optimizer"),
    "optimizer.groups.1.firstCorrection": ((), "float32", "optimizer"),
    "optimizer.groups.1.secondCorrection": ((), "float32", "optimizer"),
}
# For each stack, the numbers that * stands for, in the order of its elements.
STACKS = {
    "blocks.*.attention.norm.gain": tuple(range(4)),
    "blocks.*.attention.norm.bias": tuple(range(4)),
    "blocks.*.attention.query": tuple(range(4)),
    "blocks.*.attention.query.bias": tuple(range(4)),
    "blocks.*.attention.key": tuple(range(4)),
    "blocks.*.attention.key.bias": tuple(range(4)),
    "blocks.*.attention.value": tuple(range(4)),
    "blocks.*.attention.value.bias": tuple(range(4)),
    "blocks.*.attention.output": tuple(range(4)),
    "blocks.*.attention.output.bias": tuple(range(4)),
    "blocks.*.mlp.norm.gain": tuple(range(4)),
    "blocks.*.mlp.norm.bias": tuple(range(4)),
    "blocks.*.mlp.up": tuple(range(4)),
    "blocks.*.mlp.up.bias": tuple(range(4)),
    "blocks.*.mlp.down": tuple(range(4)),
    "blocks.*.mlp.down.bias": tuple(range(4)),
    "optimizer.blocks.*.attention.norm.gain.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.norm.gain.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.norm.bias.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.norm.bias.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.query.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.query.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.query.bias.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.query.bias.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.key.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.key.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.key.bias.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.key.bias.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.value.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.value.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.value.bias.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.value.bias.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.output.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.output.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.output.bias.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.output.bias.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.norm.gain.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.norm.gain.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.norm.bias.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.norm.bias.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.up.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.up.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.up.bias.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.up.bias.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.down.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.down.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.down.bias.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.down.bias.secondMoment": tuple(range(4)),
}
INPUTS = {
    "tokens": ((2, 16), "int32"),
    "targets": ((2, 16), "int32"),
    "weights": ((2, 16), "float32"),
    "scheduleFactor": ((), "float32"),
}
OUTPUTS = {
    "loss": ((), "float32"),
    "gradientNorm": ((), "float32"),
    "isApplied": ((), "float32"),
}


def shard_rows(x):
    """Called with arrays whose leading axis counts rows of the batch; whoever knows the mesh replaces it."""
    return x


def layer_norm(x, epsilon):
    """(x - mean) / sqrt(variance + epsilon) over the last axis, in float32."""
    y = x.astype(jnp.float32)
    y = y - jnp.mean(y, axis=-1, keepdims=True)
    y = y * jax.lax.rsqrt(jnp.mean(jnp.square(y), axis=-1, keepdims=True) + epsilon)
    return y.astype(x.dtype)


# Which kernel computes attention: None is XLA's own, "cudnn" that of cuDNN.
ATTENTION = None


def attention(q, k, v, scale, window):
    """Causal attention of q [B, H, T, K] on k and v [B, G, T, K]; a window counts the positions that a query sees."""
    y = jax.nn.dot_product_attention(
        jnp.swapaxes(q, 1, 2),
        jnp.swapaxes(k, 1, 2),
        jnp.swapaxes(v, 1, 2),
        scale=scale,
        is_causal=True,
        local_window_size=None if window is None else (window - 1, 0),
        implementation=ATTENTION,
    )
    return jnp.swapaxes(y, 1, 2)


def cross_entropy(logits, targets, ignored):
    """-log softmax(logits)[target] of logits [N, V], in float32; 0 where the target is `ignored`.

    The logit of the target is picked by comparison, so that its gradient is elementwise and no scatter.
    """
    x = logits.astype(jnp.float32)
    is_target = jnp.arange(x.shape[1], dtype=jnp.int32) == targets[:, None]
    losses = jax.nn.logsumexp(x, axis=1) - jnp.sum(jnp.where(is_target, x, 0.0), axis=1)
    if ignored is not None:
        losses = jnp.where(targets == ignored, 0.0, losses)
    return losses.astype(logits.dtype)


def scatter_add_along_axis(base, indices, updates, axis):
    """base with each element of the updates added at the position that indices name along an axis."""
    places = list(jnp.indices(indices.shape, dtype=jnp.int32, sparse=True))
    places[axis] = indices
    return base.at[tuple(places)].add(updates)


def step(state, inputs):
    """(state, inputs) to (next state, outputs), dictionaries by the names of the tables above."""
    with jax.named_scope("loss"):
        loss_reduce_sum = jnp.sum(inputs["weights"], axis=(0, 1))  # float32[]
    with jax.named_scope("embedding"):
        embedding_gather_rows = jnp.take(state["embedding"], inputs["tokens"], axis=0, mode="clip")  # float32[2, 16, 32]
    add = embedding_gather_rows + state["positions"]  # float32[2, 16, 32]

    def blocks_forward(blocks_add, layer):
        (
            attention_norm_gain,  # float32[32]
            attention_norm_bias,  # float32[32]
            attention_query,  # float32[32, 32]
            attention_query_bias,  # float32[32]
            attention_key,  # float32[32, 32]
            attention_key_bias,  # float32[32]
            attention_value,  # float32[32, 32]
            attention_value_bias,  # float32[32]
            attention_output,  # float32[32, 32]
            attention_output_bias,  # float32[32]
            mlp_norm_gain,  # float32[32]
            mlp_norm_bias,  # float32[32]
            mlp_up,  # float32[128, 32]
            mlp_up_bias,  # float32[128]
            mlp_down,  # float32[32, 128]
            mlp_down_bias,  # float32[32]
        ) = layer
        blocks_add = shard_rows(blocks_add)
        with jax.named_scope("attention"):
            attention_layer_norm = layer_norm(blocks_add, 0.00001)  # float32[2, 16, 32]
            attention_multiply = attention_layer_norm * attention_norm_gain  # float32[2, 16, 32]
            attention_add = attention_multiply + attention_norm_bias  # float32[2, 16, 32]
            attention_reshape = attention_add.reshape((32, 32))  # float32[32, 32]
            attention_matmul = attention_reshape @ attention_query.T  # float32[32, 32]
            attention_reshape_2 = attention_matmul.reshape((2, 16, 32))  # float32[2, 16, 32]
            attention_add_2 = attention_reshape_2 + attention_query_bias  # float32[2, 16, 32]
            attention_reshape_3 = attention_add_2.reshape((2, 16, 1, 32))  # float32[2, 16, 1, 32]
            attention_transpose = attention_reshape_3.transpose((0, 2, 1, 3))  # float32[2, 1, 16, 32]
            attention_matmul_2 = attention_reshape @ attention_key.T  # float32[32, 32]
            attention_reshape_4 = attention_matmul_2.reshape((2, 16, 32))  # float32[2, 16, 32]
            attention_add_3 = attention_reshape_4 + attention_key_bias  # float32[2, 16, 32]
            attention_reshape_5 = attention_add_3.reshape((2, 16, 1, 32))  # float32[2, 16, 1, 32]
            attention_transpose_2 = attention_reshape_5.transpose((0, 2, 1, 3))  # float32[2, 1, 16, 32]
            attention_matmul_3 = attention_reshape @ attention_value.T  # float32[32, 32]
            attention_reshape_6 = attention_matmul_3.reshape((2, 16, 32))  # float32[2, 16, 32]
            attention_add_4 = attention_reshape_6 + attention_value_bias  # float32[2, 16, 32]
            attention_reshape_7 = attention_add_4.reshape((2, 16, 1, 32))  # float32[2, 16, 1, 32]
            attention_transpose_3 = attention_reshape_7.transpose((0, 2, 1, 3))  # float32[2, 1, 16, 32]
            attention_attention = attention(attention_transpose, attention_transpose_2, attention_transpose_3, 0.1767766952966369, None)  # float32[2, 1, 16, 32]
            attention_transpose_4 = attention_attention.transpose((0, 2, 1, 3))  # float32[2, 16, 1, 32]
            attention_reshape_8 = attention_transpose_4.reshape((2, 16, 32))  # float32[2, 16, 32]
            attention_reshape_9 = attention_reshape_8.reshape((32, 32))  # float32[32, 32]
            attention_matmul_4 = attention_reshape_9 @ attention_output.T  # float32[32, 32]
            attention_reshape_10 = attention_matmul_4.reshape((2, 16, 32))  # float32[2, 16, 32]
            attention_add_5 = attention_reshape_10 + attention_output_bias  # float32[2, 16, 32]
        blocks_add_2 = blocks_add + attention_add_5  # float32[2, 16, 32]
        with jax.named_scope("mlp"):
            mlp_layer_norm = layer_norm(blocks_add_2, 0.00001)  # float32[2, 16, 32]
            mlp_multiply = mlp_layer_norm * mlp_norm_gain  # float32[2, 16, 32]
            mlp_add = mlp_multiply + mlp_norm_bias  # float32[2, 16, 32]
            mlp_reshape = mlp_add.reshape((32, 32))  # float32[32, 32]
            mlp_matmul = mlp_reshape @ mlp_up.T  # float32[32, 128]
            mlp_reshape_2 = mlp_matmul.reshape((2, 16, 128))  # float32[2, 16, 128]
            mlp_add_2 = mlp_reshape_2 + mlp_up_bias  # float32[2, 16, 128]
            mlp_gelu = jax.nn.gelu(mlp_add_2, approximate=True)  # float32[2, 16, 128]
            mlp_reshape_3 = mlp_gelu.reshape((32, 128))  # float32[32, 128]
            mlp_matmul_2 = mlp_reshape_3 @ mlp_down.T  # float32[32, 32]
            mlp_reshape_4 = mlp_matmul_2.reshape((2, 16, 32))  # float32[2, 16, 32]
            mlp_add_3 = mlp_reshape_4 + mlp_down_bias  # float32[2, 16, 32]
        blocks_add_3 = blocks_add_2 + mlp_add_3  # float32[2, 16, 32]
        return blocks_add_3, (
            mlp_reshape_3,
            mlp_add_2,
            mlp_reshape,
            mlp_layer_norm,
            blocks_add_2,
            attention_reshape_9,
            attention_attention,
            attention_transpose,
            attention_transpose_2,
            attention_transpose_3,
            attention_reshape,
            attention_layer_norm,
            blocks_add,
        )

    with jax.named_scope("blocks"):
        last_blocks_add, (
            all_mlp_reshape_3,
            all_mlp_add_2,
            all_mlp_reshape,
            all_mlp_layer_norm,
            all_blocks_add_2,
            all_attention_reshape_9,
            all_attention_attention,
            all_attention_transpose,
            all_attention_transpose_2,
            all_attention_transpose_3,
            all_attention_reshape,
            all_attention_layer_norm,
            all_blocks_add_before,
        ) = jax.lax.scan(
            blocks_forward,
            add,
            (
                state["blocks.*.attention.norm.gain"],
                state["blocks.*.attention.norm.bias"],
                state["blocks.*.attention.query"],
                state["blocks.*.attention.query.bias"],
                state["blocks.*.attention.key"],
                state["blocks.*.attention.key.bias"],
                state["blocks.*.attention.value"],
                state["blocks.*.attention.value.bias"],
                state["blocks.*.attention.output"],
                state["blocks.*.attention.output.bias"],
                state["blocks.*.mlp.norm.gain"],
                state["blocks.*.mlp.norm.bias"],
                state["blocks.*.mlp.up"],
                state["blocks.*.mlp.up.bias"],
                state["blocks.*.mlp.down"],
                state["blocks.*.mlp.down.bias"],
            ),
        )
    with jax.named_scope("head"):
        head_layer_norm = layer_norm(last_blocks_add, 0.00001)  # float32[2, 16, 32]
        head_multiply = head_layer_norm * state["norm.gain"]  # float32[2, 16, 32]
        head_add = head_multiply + state["norm.bias"]  # float32[2, 16, 32]
        head_reshape = head_add.reshape((32, 32))  # float32[32, 32]
        head_matmul = head_reshape @ state["embedding"].T  # float32[32, 64]
        head_reshape_2 = head_matmul.reshape((2, 16, 64))  # float32[2, 16, 64]
    with jax.named_scope("loss"):
        loss_reshape = head_reshape_2.reshape((32, 64))  # float32[32, 64]
        loss_reshape_2 = inputs["targets"].reshape((32,))  # int32[32]
        loss_cross_entropy = cross_entropy(loss_reshape, loss_reshape_2, None)  # float32[32]
        loss_reshape_3 = inputs["weights"].reshape((32,))  # float32[32]
        loss_multiply = loss_cross_entropy * loss_reshape_3  # float32[32]
        loss_reduce_sum_2 = jnp.sum(loss_multiply, axis=(0,))  # float32[]
        loss_divide = loss_reduce_sum_2 / loss_reduce_sum  # float32[]
        grad_loss_divide = 1.0 / loss_reduce_sum  # float32[]
        grad_loss_reshape = grad_loss_divide.reshape((1,))  # float32[1]
        grad_loss_broadcast_to = jnp.broadcast_to(grad_loss_reshape, (32,))  # float32[32]
        grad_loss_multiply = grad_loss_broadcast_to * loss_reshape_3  # float32[32]
        grad_loss_reshape_2 = loss_reshape_2.reshape((32, 1))  # int32[32, 1]
        grad_loss_reshape_3 = grad_loss_multiply.reshape((32, 1))  # float32[32, 1]
        grad_loss_softmax = jax.nn.softmax(loss_reshape, axis=1)  # float32[32, 64]
        grad_loss_scatter_add_along_axis = scatter_add_along_axis(grad_loss_softmax, grad_loss_reshape_2, jnp.full((32, 1), -1.0, jnp.float32), 1)  # float32[32, 64]
        grad_loss_multiply_2 = grad_loss_scatter_add_along_axis * grad_loss_reshape_3  # float32[32, 64]
        grad_loss_reshape_4 = grad_loss_multiply_2.reshape((2, 16, 64))  # float32[2, 16, 64]
    with jax.named_scope("head"):
        grad_head_reshape = grad_loss_reshape_4.reshape((32, 64))  # float32[32, 64]
        grad_head_matmul = grad_head_reshape @ state["embedding"]  # float32[32, 32]
        grad_head_matmul_2 = grad_head_reshape.T @ head_reshape  # float32[64, 32]
        grad_head_reshape_2 = grad_head_matmul.reshape((2, 16, 32))  # float32[2, 16, 32]
        grad_head_reduce_sum = jnp.sum(grad_head_reshape_2, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
        grad_head_reshape_3 = grad_head_reduce_sum.reshape((32,))  # float32[32]
        grad_head_multiply = grad_head_reshape_2 * state["norm.gain"]  # float32[2, 16, 32]
        grad_head_multiply_2 = grad_head_reshape_2 * head_layer_norm  # float32[2, 16, 32]
        grad_head_reduce_sum_2 = jnp.sum(grad_head_multiply_2, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
        grad_head_reshape_4 = grad_head_reduce_sum_2.reshape((32,))  # float32[32]
        grad_head_multiply_3 = grad_head_multiply * head_layer_norm  # float32[2, 16, 32]
        grad_head_reduce_sum_3 = jnp.sum(grad_head_multiply_3, axis=(2,))  # float32[2, 16]
        grad_head_multiply_4 = grad_head_reduce_sum_3 * 0.03125  # float32[2, 16]
        grad_head_reshape_5 = grad_head_multiply_4.reshape((2, 16, 1))  # float32[2, 16, 1]
        grad_head_reduce_sum_4 = jnp.sum(grad_head_multiply, axis=(2,))  # float32[2, 16]
        grad_head_multiply_5 = grad_head_reduce_sum_4 * 0.03125  # float32[2, 16]
        grad_head_reshape_6 = grad_head_multiply_5.reshape((2, 16, 1))  # float32[2, 16, 1]
        grad_head_subtract = grad_head_multiply - grad_head_reshape_6  # float32[2, 16, 32]
        grad_head_multiply_6 = head_layer_norm * grad_head_reshape_5  # float32[2, 16, 32]
        grad_head_subtract_2 = grad_head_subtract - grad_head_multiply_6  # float32[2, 16, 32]
        grad_head_reduce_sum_5 = jnp.sum(last_blocks_add, axis=(2,))  # float32[2, 16]
        grad_head_multiply_7 = grad_head_reduce_sum_5 * 0.03125  # float32[2, 16]
        grad_head_reshape_7 = grad_head_multiply_7.reshape((2, 16, 1))  # float32[2, 16, 1]
        grad_head_subtract_3 = last_blocks_add - grad_head_reshape_7  # float32[2, 16, 32]
        grad_head_multiply_8 = grad_head_subtract_3 * grad_head_subtract_3  # float32[2, 16, 32]
        grad_head_reduce_sum_6 = jnp.sum(grad_head_multiply_8, axis=(2,))  # float32[2, 16]
        grad_head_multiply_9 = grad_head_reduce_sum_6 * 0.03125  # float32[2, 16]
        grad_head_add = grad_head_multiply_9 + 0.00001  # float32[2, 16]
        grad_head_sqrt = jnp.sqrt(grad_head_add)  # float32[2, 16]
        grad_head_reciprocal = 1.0 / grad_head_sqrt  # float32[2, 16]
        grad_head_reshape_8 = grad_head_reciprocal.reshape((2, 16, 1))  # float32[2, 16, 1]
        grad_head_multiply_10 = grad_head_subtract_2 * grad_head_reshape_8  # float32[2, 16, 32]
    with jax.named_scope("blocks.3.attention"):
        grad_attention_reshape = jnp.arange(16, dtype=jnp.int32).reshape((16, 1))  # int32[16, 1]
        grad_attention_add = grad_attention_reshape + 0  # int32[16, 1]
        grad_attention_reshape_2 = jnp.arange(16, dtype=jnp.int32).reshape((1, 16))  # int32[1, 16]
        grad_attention_add_2 = grad_attention_reshape_2 + 0  # int32[1, 16]
        grad_attention_less_or_equal = grad_attention_add_2 <= grad_attention_add  # bool[16, 16]
        grad_attention_where = jnp.where(grad_attention_less_or_equal, jnp.float32(0.0), jnp.float32(-1e+30))  # float32[16, 16]

    def blocks_backward(grad_attention_add_3, layer):
        (
            mlp_down_2,  # float32[32, 128]
            mlp_reshape_5,  # float32[32, 128]
            mlp_add_4,  # float32[2, 16, 128]
            mlp_up_2,  # float32[128, 32]
            mlp_reshape_6,  # float32[32, 32]
            mlp_norm_gain_2,  # float32[32]
            mlp_layer_norm_2,  # float32[2, 16, 32]
            blocks_add_4,  # float32[2, 16, 32]
            attention_output_2,  # float32[32, 32]
            attention_reshape_11,  # float32[32, 32]
            attention_attention_2,  # float32[2, 1, 16, 32]
            attention_transpose_5,  # float32[2, 1, 16, 32]
            attention_transpose_6,  # float32[2, 1, 16, 32]
            attention_transpose_7,  # float32[2, 1, 16, 32]
            attention_value_2,  # float32[32, 32]
            attention_reshape_12,  # float32[32, 32]
            attention_key_2,  # float32[32, 32]
            attention_query_2,  # float32[32, 32]
            attention_norm_gain_2,  # float32[32]
            attention_layer_norm_2,  # float32[2, 16, 32]
            blocks_add_5,  # float32[2, 16, 32]
        ) = layer
        grad_attention_add_3 = shard_rows(grad_attention_add_3)
        with jax.named_scope("mlp"):
            grad_mlp_reduce_sum = jnp.sum(grad_attention_add_3, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
            grad_mlp_reshape = grad_mlp_reduce_sum.reshape((32,))  # float32[32]
            grad_mlp_reshape_2 = grad_attention_add_3.reshape((32, 32))  # float32[32, 32]
            grad_mlp_matmul = grad_mlp_reshape_2 @ mlp_down_2  # float32[32, 128]
            grad_mlp_matmul_2 = grad_mlp_reshape_2.T @ mlp_reshape_5  # float32[32, 128]
            grad_mlp_reshape_3 = grad_mlp_matmul.reshape((2, 16, 128))  # float32[2, 16, 128]
            grad_mlp_multiply = mlp_add_4 * mlp_add_4  # float32[2, 16, 128]
            grad_mlp_multiply_2 = grad_mlp_multiply * 0.044715  # float32[2, 16, 128]
            grad_mlp_add = grad_mlp_multiply_2 + 1.0  # float32[2, 16, 128]
            grad_mlp_multiply_3 = mlp_add_4 * grad_mlp_add  # float32[2, 16, 128]
            grad_mlp_multiply_4 = grad_mlp_multiply_3 * 0.7978845608028654  # float32[2, 16, 128]
            grad_mlp_tanh = jnp.tanh(grad_mlp_multiply_4)  # float32[2, 16, 128]
            grad_mlp_multiply_5 = grad_mlp_multiply * 0.134145  # float32[2, 16, 128]
            grad_mlp_add_2 = grad_mlp_multiply_5 + 1.0  # float32[2, 16, 128]
            grad_mlp_multiply_6 = grad_mlp_add_2 * 0.7978845608028654  # float32[2, 16, 128]
            grad_mlp_multiply_7 = grad_mlp_tanh * grad_mlp_tanh  # float32[2, 16, 128]
            grad_mlp_subtract = 1.0 - grad_mlp_multiply_7  # float32[2, 16, 128]
            grad_mlp_multiply_8 = mlp_add_4 * grad_mlp_subtract  # float32[2, 16, 128]
            grad_mlp_multiply_9 = grad_mlp_multiply_8 * grad_mlp_multiply_6  # float32[2, 16, 128]
            grad_mlp_multiply_10 = grad_mlp_reshape_3 * 0.5  # float32[2, 16, 128]
            grad_mlp_add_3 = grad_mlp_tanh + 1.0  # float32[2, 16, 128]
            grad_mlp_add_4 = grad_mlp_add_3 + grad_mlp_multiply_9  # float32[2, 16, 128]
            grad_mlp_multiply_11 = grad_mlp_multiply_10 * grad_mlp_add_4  # float32[2, 16, 128]
            grad_mlp_reduce_sum_2 = jnp.sum(grad_mlp_multiply_11, axis=(0, 1), keepdims=True)  # float32[1, 1, 128]
            grad_mlp_reshape_4 = grad_mlp_reduce_sum_2.reshape((128,))  # float32[128]
            grad_mlp_reshape_5 = grad_mlp_multiply_11.reshape((32, 128))  # float32[32, 128]
            grad_mlp_matmul_3 = grad_mlp_reshape_5 @ mlp_up_2  # float32[32, 32]
            grad_mlp_matmul_4 = grad_mlp_reshape_5.T @ mlp_reshape_6  # float32[128, 32]
            grad_mlp_reshape_6 = grad_mlp_matmul_3.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_mlp_reduce_sum_3 = jnp.sum(grad_mlp_reshape_6, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
            grad_mlp_reshape_7 = grad_mlp_reduce_sum_3.reshape((32,))  # float32[32]
            grad_mlp_multiply_12 = grad_mlp_reshape_6 * mlp_norm_gain_2  # float32[2, 16, 32]
            grad_mlp_multiply_13 = grad_mlp_reshape_6 * mlp_layer_norm_2  # float32[2, 16, 32]
            grad_mlp_reduce_sum_4 = jnp.sum(grad_mlp_multiply_13, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
            grad_mlp_reshape_8 = grad_mlp_reduce_sum_4.reshape((32,))  # float32[32]
            grad_mlp_multiply_14 = grad_mlp_multiply_12 * mlp_layer_norm_2  # float32[2, 16, 32]
            grad_mlp_reduce_sum_5 = jnp.sum(grad_mlp_multiply_14, axis=(2,))  # float32[2, 16]
            grad_mlp_multiply_15 = grad_mlp_reduce_sum_5 * 0.03125  # float32[2, 16]
            grad_mlp_reshape_9 = grad_mlp_multiply_15.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_mlp_reduce_sum_6 = jnp.sum(grad_mlp_multiply_12, axis=(2,))  # float32[2, 16]
            grad_mlp_multiply_16 = grad_mlp_reduce_sum_6 * 0.03125  # float32[2, 16]
            grad_mlp_reshape_10 = grad_mlp_multiply_16.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_mlp_subtract_2 = grad_mlp_multiply_12 - grad_mlp_reshape_10  # float32[2, 16, 32]
            grad_mlp_multiply_17 = mlp_layer_norm_2 * grad_mlp_reshape_9  # float32[2, 16, 32]
            grad_mlp_subtract_3 = grad_mlp_subtract_2 - grad_mlp_multiply_17  # float32[2, 16, 32]
            grad_mlp_reduce_sum_7 = jnp.sum(blocks_add_4, axis=(2,))  # float32[2, 16]
            grad_mlp_multiply_18 = grad_mlp_reduce_sum_7 * 0.03125  # float32[2, 16]
            grad_mlp_reshape_11 = grad_mlp_multiply_18.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_mlp_subtract_4 = blocks_add_4 - grad_mlp_reshape_11  # float32[2, 16, 32]
            grad_mlp_multiply_19 = grad_mlp_subtract_4 * grad_mlp_subtract_4  # float32[2, 16, 32]
            grad_mlp_reduce_sum_8 = jnp.sum(grad_mlp_multiply_19, axis=(2,))  # float32[2, 16]
            grad_mlp_multiply_20 = grad_mlp_reduce_sum_8 * 0.03125  # float32[2, 16]
            grad_mlp_add_5 = grad_mlp_multiply_20 + 0.00001  # float32[2, 16]
            grad_mlp_sqrt = jnp.sqrt(grad_mlp_add_5)  # float32[2, 16]
            grad_mlp_reciprocal = 1.0 / grad_mlp_sqrt  # float32[2, 16]
            grad_mlp_reshape_12 = grad_mlp_reciprocal.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_mlp_multiply_21 = grad_mlp_subtract_3 * grad_mlp_reshape_12  # float32[2, 16, 32]
            grad_mlp_add_6 = grad_attention_add_3 + grad_mlp_multiply_21  # float32[2, 16, 32]
        with jax.named_scope("attention"):
            grad_attention_reduce_sum = jnp.sum(grad_mlp_add_6, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
            grad_attention_reshape_3 = grad_attention_reduce_sum.reshape((32,))  # float32[32]
            grad_attention_reshape_4 = grad_mlp_add_6.reshape((32, 32))  # float32[32, 32]
            grad_attention_matmul = grad_attention_reshape_4 @ attention_output_2  # float32[32, 32]
            grad_attention_matmul_2 = grad_attention_reshape_4.T @ attention_reshape_11  # float32[32, 32]
            grad_attention_reshape_5 = grad_attention_matmul.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_reshape_6 = grad_attention_reshape_5.reshape((2, 16, 1, 32))  # float32[2, 16, 1, 32]
            grad_attention_transpose = grad_attention_reshape_6.transpose((0, 2, 1, 3))  # float32[2, 1, 16, 32]
            grad_attention_multiply = grad_attention_transpose * attention_attention_2  # float32[2, 1, 16, 32]
            grad_attention_reduce_sum_2 = jnp.sum(grad_attention_multiply, axis=(3,), keepdims=True)  # float32[2, 1, 16, 1]
            grad_attention_multiply_2 = attention_transpose_5 * 0.1767766952966369  # float32[2, 1, 16, 32]
            grad_attention_matmul_3 = grad_attention_multiply_2 @ jnp.swapaxes(attention_transpose_6, -1, -2)  # float32[2, 1, 16, 16]
            grad_attention_reshape_7 = grad_attention_matmul_3.reshape((2, 1, 1, 16, 16))  # float32[2, 1, 1, 16, 16]
            grad_attention_add_4 = grad_attention_reshape_7 + grad_attention_where  # float32[2, 1, 1, 16, 16]
            grad_attention_reshape_8 = grad_attention_add_4.reshape((2, 1, 16, 16))  # float32[2, 1, 16, 16]
            grad_attention_softmax = jax.nn.softmax(grad_attention_reshape_8, axis=3)  # float32[2, 1, 16, 16]
            grad_attention_matmul_4 = grad_attention_transpose @ jnp.swapaxes(attention_transpose_7, -1, -2)  # float32[2, 1, 16, 16]
            grad_attention_subtract = grad_attention_matmul_4 - grad_attention_reduce_sum_2  # float32[2, 1, 16, 16]
            grad_attention_multiply_3 = grad_attention_softmax * grad_attention_subtract  # float32[2, 1, 16, 16]
            grad_attention_matmul_5 = grad_attention_multiply_3 @ attention_transpose_6  # float32[2, 1, 16, 32]
            grad_attention_multiply_4 = grad_attention_matmul_5 * 0.1767766952966369  # float32[2, 1, 16, 32]
            grad_attention_matmul_6 = jnp.swapaxes(grad_attention_multiply_3, -1, -2) @ grad_attention_multiply_2  # float32[2, 1, 16, 32]
            grad_attention_matmul_7 = jnp.swapaxes(grad_attention_softmax, -1, -2) @ grad_attention_transpose  # float32[2, 1, 16, 32]
            grad_attention_transpose_2 = grad_attention_matmul_7.transpose((0, 2, 1, 3))  # float32[2, 16, 1, 32]
            grad_attention_reshape_9 = grad_attention_transpose_2.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_reduce_sum_3 = jnp.sum(grad_attention_reshape_9, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
            grad_attention_reshape_10 = grad_attention_reduce_sum_3.reshape((32,))  # float32[32]
            grad_attention_reshape_11 = grad_attention_reshape_9.reshape((32, 32))  # float32[32, 32]
            grad_attention_matmul_8 = grad_attention_reshape_11 @ attention_value_2  # float32[32, 32]
            grad_attention_matmul_9 = grad_attention_reshape_11.T @ attention_reshape_12  # float32[32, 32]
            grad_attention_reshape_12 = grad_attention_matmul_8.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_transpose_3 = grad_attention_matmul_6.transpose((0, 2, 1, 3))  # float32[2, 16, 1, 32]
            grad_attention_reshape_13 = grad_attention_transpose_3.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_reduce_sum_4 = jnp.sum(grad_attention_reshape_13, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
            grad_attention_reshape_14 = grad_attention_reduce_sum_4.reshape((32,))  # float32[32]
            grad_attention_reshape_15 = grad_attention_reshape_13.reshape((32, 32))  # float32[32, 32]
            grad_attention_matmul_10 = grad_attention_reshape_15 @ attention_key_2  # float32[32, 32]
            grad_attention_matmul_11 = grad_attention_reshape_15.T @ attention_reshape_12  # float32[32, 32]
            grad_attention_reshape_16 = grad_attention_matmul_10.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_add_5 = grad_attention_reshape_12 + grad_attention_reshape_16  # float32[2, 16, 32]
            grad_attention_transpose_4 = grad_attention_multiply_4.transpose((0, 2, 1, 3))  # float32[2, 16, 1, 32]
            grad_attention_reshape_17 = grad_attention_transpose_4.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_reduce_sum_5 = jnp.sum(grad_attention_reshape_17, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
            grad_attention_reshape_18 = grad_attention_reduce_sum_5.reshape((32,))  # float32[32]
            grad_attention_reshape_19 = grad_attention_reshape_17.reshape((32, 32))  # float32[32, 32]
            grad_attention_matmul_12 = grad_attention_reshape_19 @ attention_query_2  # float32[32, 32]
            grad_attention_matmul_13 = grad_attention_reshape_19.T @ attention_reshape_12  # float32[32, 32]
            grad_attention_reshape_20 = grad_attention_matmul_12.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_add_6 = grad_attention_add_5 + grad_attention_reshape_20  # float32[2, 16, 32]
            grad_attention_reduce_sum_6 = jnp.sum(grad_attention_add_6, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
            grad_attention_reshape_21 = grad_attention_reduce_sum_6.reshape((32,))  # float32[32]
            grad_attention_multiply_5 = grad_attention_add_6 * attention_norm_gain_2  # float32[2, 16, 32]
            grad_attention_multiply_6 = grad_attention_add_6 * attention_layer_norm_2  # float32[2, 16, 32]
            grad_attention_reduce_sum_7 = jnp.sum(grad_attention_multiply_6, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
            grad_attention_reshape_22 = grad_attention_reduce_sum_7.reshape((32,))  # float32[32]
            grad_attention_multiply_7 = grad_attention_multiply_5 * attention_layer_norm_2  # float32[2, 16, 32]
            grad_attention_reduce_sum_8 = jnp.sum(grad_attention_multiply_7, axis=(2,))  # float32[2, 16]
            grad_attention_multiply_8 = grad_attention_reduce_sum_8 * 0.03125  # float32[2, 16]
            grad_attention_reshape_23 = grad_attention_multiply_8.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_attention_reduce_sum_9 = jnp.sum(grad_attention_multiply_5, axis=(2,))  # float32[2, 16]
            grad_attention_multiply_9 = grad_attention_reduce_sum_9 * 0.03125  # float32[2, 16]
            grad_attention_reshape_24 = grad_attention_multiply_9.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_attention_subtract_2 = grad_attention_multiply_5 - grad_attention_reshape_24  # float32[2, 16, 32]
            grad_attention_multiply_10 = attention_layer_norm_2 * grad_attention_reshape_23  # float32[2, 16, 32]
            grad_attention_subtract_3 = grad_attention_subtract_2 - grad_attention_multiply_10  # float32[2, 16, 32]
            grad_attention_reduce_sum_10 = jnp.sum(blocks_add_5, axis=(2,))  # float32[2, 16]
            grad_attention_multiply_11 = grad_attention_reduce_sum_10 * 0.03125  # float32[2, 16]
            grad_attention_reshape_25 = grad_attention_multiply_11.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_attention_subtract_4 = blocks_add_5 - grad_attention_reshape_25  # float32[2, 16, 32]
            grad_attention_multiply_12 = grad_attention_subtract_4 * grad_attention_subtract_4  # float32[2, 16, 32]
            grad_attention_reduce_sum_11 = jnp.sum(grad_attention_multiply_12, axis=(2,))  # float32[2, 16]
            grad_attention_multiply_13 = grad_attention_reduce_sum_11 * 0.03125  # float32[2, 16]
            grad_attention_add_7 = grad_attention_multiply_13 + 0.00001  # float32[2, 16]
            grad_attention_sqrt = jnp.sqrt(grad_attention_add_7)  # float32[2, 16]
            grad_attention_reciprocal = 1.0 / grad_attention_sqrt  # float32[2, 16]
            grad_attention_reshape_26 = grad_attention_reciprocal.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_attention_multiply_14 = grad_attention_subtract_3 * grad_attention_reshape_26  # float32[2, 16, 32]
            grad_attention_add_8 = grad_mlp_add_6 + grad_attention_multiply_14  # float32[2, 16, 32]
        return grad_attention_add_8, (
            grad_attention_reshape_22,
            grad_attention_reshape_21,
            grad_attention_matmul_13,
            grad_attention_reshape_18,
            grad_attention_matmul_11,
            grad_attention_reshape_14,
            grad_attention_matmul_9,
            grad_attention_reshape_10,
            grad_attention_matmul_2,
            grad_attention_reshape_3,
            grad_mlp_reshape_8,
            grad_mlp_reshape_7,
            grad_mlp_matmul_4,
            grad_mlp_reshape_4,
            grad_mlp_matmul_2,
            grad_mlp_reshape,
        )

    with jax.named_scope("blocks"):
        last_grad_attention_add_3, (
            all_grad_attention_reshape_22,
            all_grad_attention_reshape_21,
            all_grad_attention_matmul_13,
            all_grad_attention_reshape_18,
            all_grad_attention_matmul_11,
            all_grad_attention_reshape_14,
            all_grad_attention_matmul_9,
            all_grad_attention_reshape_10,
            all_grad_attention_matmul_2,
            all_grad_attention_reshape_3,
            all_grad_mlp_reshape_8,
            all_grad_mlp_reshape_7,
            all_grad_mlp_matmul_4,
            all_grad_mlp_reshape_4,
            all_grad_mlp_matmul_2,
            all_grad_mlp_reshape,
        ) = jax.lax.scan(
            blocks_backward,
            grad_head_multiply_10,
            (
                state["blocks.*.mlp.down"],
                all_mlp_reshape_3,
                all_mlp_add_2,
                state["blocks.*.mlp.up"],
                all_mlp_reshape,
                state["blocks.*.mlp.norm.gain"],
                all_mlp_layer_norm,
                all_blocks_add_2,
                state["blocks.*.attention.output"],
                all_attention_reshape_9,
                all_attention_attention,
                all_attention_transpose,
                all_attention_transpose_2,
                all_attention_transpose_3,
                state["blocks.*.attention.value"],
                all_attention_reshape,
                state["blocks.*.attention.key"],
                state["blocks.*.attention.query"],
                state["blocks.*.attention.norm.gain"],
                all_attention_layer_norm,
                all_blocks_add_before,
            ),
            reverse=True,
        )
    grad_reduce_sum = jnp.sum(last_grad_attention_add_3, axis=(0,), keepdims=True)  # float32[1, 16, 32]
    grad_reshape = grad_reduce_sum.reshape((16, 32))  # float32[16, 32]
    with jax.named_scope("embedding"):
        grad_embedding_scatter_add_rows = jnp.full((64, 32), 0.0, jnp.float32).at[inputs["tokens"]].add(last_grad_attention_add_3)  # float32[64, 32]
        grad_embedding_add = grad_head_matmul_2 + grad_embedding_scatter_add_rows  # float32[64, 32]
    with jax.named_scope("optimizer.embedding"):
        embedding_multiply = grad_embedding_add * grad_embedding_add  # float32[64, 32]
        embedding_reduce_sum = jnp.sum(embedding_multiply, axis=(0, 1))  # float32[]
    with jax.named_scope("optimizer.positions"):
        positions_multiply = grad_reshape * grad_reshape  # float32[16, 32]
        positions_reduce_sum = jnp.sum(positions_multiply, axis=(0, 1))  # float32[]

    def blocks_update(layer):
        (
            grad_attention_reshape_27,  # float32[32]
            grad_attention_reshape_28,  # float32[32]
            grad_attention_matmul_14,  # float32[32, 32]
            grad_attention_reshape_29,  # float32[32]
            grad_attention_matmul_15,  # float32[32, 32]
            grad_attention_reshape_30,  # float32[32]
            grad_attention_matmul_16,  # float32[32, 32]
            grad_attention_reshape_31,  # float32[32]
            grad_attention_matmul_17,  # float32[32, 32]
            grad_attention_reshape_32,  # float32[32]
            grad_mlp_reshape_13,  # float32[32]
            grad_mlp_reshape_14,  # float32[32]
            grad_mlp_matmul_5,  # float32[128, 32]
            grad_mlp_reshape_15,  # float32[128]
            grad_mlp_matmul_6,  # float32[32, 128]
            grad_mlp_reshape_16,  # float32[32]
        ) = layer
        with jax.named_scope("attention.norm.gain"):
            gain_multiply = grad_attention_reshape_27 * grad_attention_reshape_27  # float32[32]
            gain_reduce_sum = jnp.sum(gain_multiply, axis=(0,))  # float32[]
        with jax.named_scope("attention.norm.bias"):
            bias_multiply = grad_attention_reshape_28 * grad_attention_reshape_28  # float32[32]
            bias_reduce_sum = jnp.sum(bias_multiply, axis=(0,))  # float32[]
        with jax.named_scope("attention.query"):
            query_multiply = grad_attention_matmul_14 * grad_attention_matmul_14  # float32[32, 32]
            query_reduce_sum = jnp.sum(query_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.query.bias"):
            bias_multiply_2 = grad_attention_reshape_29 * grad_attention_reshape_29  # float32[32]
            bias_reduce_sum_2 = jnp.sum(bias_multiply_2, axis=(0,))  # float32[]
        with jax.named_scope("attention.key"):
            key_multiply = grad_attention_matmul_15 * grad_attention_matmul_15  # float32[32, 32]
            key_reduce_sum = jnp.sum(key_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.key.bias"):
            bias_multiply_3 = grad_attention_reshape_30 * grad_attention_reshape_30  # float32[32]
            bias_reduce_sum_3 = jnp.sum(bias_multiply_3, axis=(0,))  # float32[]
        with jax.named_scope("attention.value"):
            value_multiply = grad_attention_matmul_16 * grad_attention_matmul_16  # float32[32, 32]
            value_reduce_sum = jnp.sum(value_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.value.bias"):
            bias_multiply_4 = grad_attention_reshape_31 * grad_attention_reshape_31  # float32[32]
            bias_reduce_sum_4 = jnp.sum(bias_multiply_4, axis=(0,))  # float32[]
        with jax.named_scope("attention.output"):
            output_multiply = grad_attention_matmul_17 * grad_attention_matmul_17  # float32[32, 32]
            output_reduce_sum = jnp.sum(output_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.output.bias"):
            bias_multiply_5 = grad_attention_reshape_32 * grad_attention_reshape_32  # float32[32]
            bias_reduce_sum_5 = jnp.sum(bias_multiply_5, axis=(0,))  # float32[]
        with jax.named_scope("mlp.norm.gain"):
            gain_multiply_2 = grad_mlp_reshape_13 * grad_mlp_reshape_13  # float32[32]
            gain_reduce_sum_2 = jnp.sum(gain_multiply_2, axis=(0,))  # float32[]
        with jax.named_scope("mlp.norm.bias"):
            bias_multiply_6 = grad_mlp_reshape_14 * grad_mlp_reshape_14  # float32[32]
            bias_reduce_sum_6 = jnp.sum(bias_multiply_6, axis=(0,))  # float32[]
        with jax.named_scope("mlp.up"):
            up_multiply = grad_mlp_matmul_5 * grad_mlp_matmul_5  # float32[128, 32]
            up_reduce_sum = jnp.sum(up_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("mlp.up.bias"):
            bias_multiply_7 = grad_mlp_reshape_15 * grad_mlp_reshape_15  # float32[128]
            bias_reduce_sum_7 = jnp.sum(bias_multiply_7, axis=(0,))  # float32[]
        with jax.named_scope("mlp.down"):
            down_multiply = grad_mlp_matmul_6 * grad_mlp_matmul_6  # float32[32, 128]
            down_reduce_sum = jnp.sum(down_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("mlp.down.bias"):
            bias_multiply_8 = grad_mlp_reshape_16 * grad_mlp_reshape_16  # float32[32]
            bias_reduce_sum_8 = jnp.sum(bias_multiply_8, axis=(0,))  # float32[]
        return (
            gain_reduce_sum,
            bias_reduce_sum,
            query_reduce_sum,
            bias_reduce_sum_2,
            key_reduce_sum,
            bias_reduce_sum_3,
            value_reduce_sum,
            bias_reduce_sum_4,
            output_reduce_sum,
            bias_reduce_sum_5,
            gain_reduce_sum_2,
            bias_reduce_sum_6,
            up_reduce_sum,
            bias_reduce_sum_7,
            down_reduce_sum,
            bias_reduce_sum_8,
        )

    with jax.named_scope("optimizer.blocks"):
        (
            all_gain_reduce_sum,
            all_bias_reduce_sum,
            all_query_reduce_sum,
            all_bias_reduce_sum_2,
            all_key_reduce_sum,
            all_bias_reduce_sum_3,
            all_value_reduce_sum,
            all_bias_reduce_sum_4,
            all_output_reduce_sum,
            all_bias_reduce_sum_5,
            all_gain_reduce_sum_2,
            all_bias_reduce_sum_6,
            all_up_reduce_sum,
            all_bias_reduce_sum_7,
            all_down_reduce_sum,
            all_bias_reduce_sum_8,
        ) = jax.vmap(blocks_update)(
            (
                all_grad_attention_reshape_22,
                all_grad_attention_reshape_21,
                all_grad_attention_matmul_13,
                all_grad_attention_reshape_18,
                all_grad_attention_matmul_11,
                all_grad_attention_reshape_14,
                all_grad_attention_matmul_9,
                all_grad_attention_reshape_10,
                all_grad_attention_matmul_2,
                all_grad_attention_reshape_3,
                all_grad_mlp_reshape_8,
                all_grad_mlp_reshape_7,
                all_grad_mlp_matmul_4,
                all_grad_mlp_reshape_4,
                all_grad_mlp_matmul_2,
                all_grad_mlp_reshape,
            ),
        )
    with jax.named_scope("optimizer.norm.gain"):
        gain_multiply_3 = grad_head_reshape_4 * grad_head_reshape_4  # float32[32]
        gain_reduce_sum_3 = jnp.sum(gain_multiply_3, axis=(0,))  # float32[]
    with jax.named_scope("optimizer.norm.bias"):
        bias_multiply_9 = grad_head_reshape_3 * grad_head_reshape_3  # float32[32]
        bias_reduce_sum_9 = jnp.sum(bias_multiply_9, axis=(0,))  # float32[]
    with jax.named_scope("optimizer.positions"):
        positions_add = embedding_reduce_sum + positions_reduce_sum  # float32[]

    def blocks_update_2(bias_add, layer):
        (
            gain_reduce_sum_4,  # float32[]
            bias_reduce_sum_10,  # float32[]
            query_reduce_sum_2,  # float32[]
            bias_reduce_sum_11,  # float32[]
            key_reduce_sum_2,  # float32[]
            bias_reduce_sum_12,  # float32[]
            value_reduce_sum_2,  # float32[]
            bias_reduce_sum_13,  # float32[]
            output_reduce_sum_2,  # float32[]
            bias_reduce_sum_14,  # float32[]
            gain_reduce_sum_5,  # float32[]
            bias_reduce_sum_15,  # float32[]
            up_reduce_sum_2,  # float32[]
            bias_reduce_sum_16,  # float32[]
            down_reduce_sum_2,  # float32[]
            bias_reduce_sum_17,  # float32[]
        ) = layer
        with jax.named_scope("attention.norm.gain"):
            gain_add = bias_add + gain_reduce_sum_4  # float32[]
        with jax.named_scope("attention.norm.bias"):
            bias_add_2 = gain_add + bias_reduce_sum_10  # float32[]
        with jax.named_scope("attention.query"):
            query_add = bias_add_2 + query_reduce_sum_2  # float32[]
        with jax.named_scope("attention.query.bias"):
            bias_add_3 = query_add + bias_reduce_sum_11  # float32[]
        with jax.named_scope("attention.key"):
            key_add = bias_add_3 + key_reduce_sum_2  # float32[]
        with jax.named_scope("attention.key.bias"):
            bias_add_4 = key_add + bias_reduce_sum_12  # float32[]
        with jax.named_scope("attention.value"):
            value_add = bias_add_4 + value_reduce_sum_2  # float32[]
        with jax.named_scope("attention.value.bias"):
            bias_add_5 = value_add + bias_reduce_sum_13  # float32[]
        with jax.named_scope("attention.output"):
            output_add = bias_add_5 + output_reduce_sum_2  # float32[]
        with jax.named_scope("attention.output.bias"):
            bias_add_6 = output_add + bias_reduce_sum_14  # float32[]
        with jax.named_scope("mlp.norm.gain"):
            gain_add_2 = bias_add_6 + gain_reduce_sum_5  # float32[]
        with jax.named_scope("mlp.norm.bias"):
            bias_add_7 = gain_add_2 + bias_reduce_sum_15  # float32[]
        with jax.named_scope("mlp.up"):
            up_add = bias_add_7 + up_reduce_sum_2  # float32[]
        with jax.named_scope("mlp.up.bias"):
            bias_add_8 = up_add + bias_reduce_sum_16  # float32[]
        with jax.named_scope("mlp.down"):
            down_add = bias_add_8 + down_reduce_sum_2  # float32[]
        with jax.named_scope("mlp.down.bias"):
            bias_add_9 = down_add + bias_reduce_sum_17  # float32[]
        return bias_add_9, None

    with jax.named_scope("optimizer.blocks"):
        last_bias_add, _ = jax.lax.scan(
            blocks_update_2,
            positions_add,
            (
                all_gain_reduce_sum,
                all_bias_reduce_sum,
                all_query_reduce_sum,
                all_bias_reduce_sum_2,
                all_key_reduce_sum,
                all_bias_reduce_sum_3,
                all_value_reduce_sum,
                all_bias_reduce_sum_4,
                all_output_reduce_sum,
                all_bias_reduce_sum_5,
                all_gain_reduce_sum_2,
                all_bias_reduce_sum_6,
                all_up_reduce_sum,
                all_bias_reduce_sum_7,
                all_down_reduce_sum,
                all_bias_reduce_sum_8,
            ),
            unroll=True,
        )
    with jax.named_scope("optimizer.norm.gain"):
        gain_add_3 = last_bias_add + gain_reduce_sum_3  # float32[]
    with jax.named_scope("optimizer.norm.bias"):
        bias_add_10 = gain_add_3 + bias_reduce_sum_9  # float32[]
    with jax.named_scope("optimizer"):
        optimizer_sqrt = jnp.sqrt(bias_add_10)  # float32[]
        optimizer_abs = jnp.abs(loss_divide)  # float32[]
        optimizer_less_or_equal = optimizer_abs <= 3.4028234663852886e+38  # bool[]
        optimizer_abs_2 = jnp.abs(optimizer_sqrt)  # float32[]
        optimizer_less_or_equal_2 = optimizer_abs_2 <= 3.4028234663852886e+38  # bool[]
        optimizer_abs_3 = jnp.abs(inputs["scheduleFactor"])  # float32[]
        optimizer_less_or_equal_3 = optimizer_abs_3 <= 3.4028234663852886e+38  # bool[]
        optimizer_and = optimizer_less_or_equal & optimizer_less_or_equal_2  # bool[]
        optimizer_and_2 = optimizer_and & optimizer_less_or_equal_3  # bool[]
        optimizer_add = optimizer_sqrt + 0.000001  # float32[]
        optimizer_divide = 1.0 / optimizer_add  # float32[]
        optimizer_minimum = jnp.minimum(optimizer_divide, 1.0)  # float32[]
        optimizer_where = jnp.where(optimizer_and_2, optimizer_minimum, -1.0)  # float32[]
        optimizer_where_2 = jnp.where(optimizer_and_2, jnp.float32(-1.0), jnp.float32(1.0))  # float32[]
        optimizer_multiply = optimizer_where_2 * 0.0  # float32[]
        optimizer_multiply_2 = state["optimizer.groups.0.firstCorrection"] * 0.9  # float32[]
        optimizer_add_2 = optimizer_multiply_2 + 0.09999999999999998  # float32[]
        optimizer_multiply_3 = state["optimizer.groups.0.secondCorrection"] * 0.95  # float32[]
        optimizer_add_3 = optimizer_multiply_3 + 0.050000000000000044  # float32[]
        optimizer_where_3 = jnp.where(optimizer_and_2, optimizer_add_2, state["optimizer.groups.0.firstCorrection"])  # float32[]
        optimizer_where_4 = jnp.where(optimizer_and_2, optimizer_add_3, state["optimizer.groups.0.secondCorrection"])  # float32[]
        optimizer_multiply_4 = state["optimizer.groups.1.firstCorrection"] * 0.9  # float32[]
        optimizer_add_4 = optimizer_multiply_4 + 0.09999999999999998  # float32[]
        optimizer_multiply_5 = state["optimizer.groups.1.secondCorrection"] * 0.95  # float32[]
        optimizer_add_5 = optimizer_multiply_5 + 0.050000000000000044  # float32[]
        optimizer_where_5 = jnp.where(optimizer_and_2, optimizer_add_4, state["optimizer.groups.1.firstCorrection"])  # float32[]
        optimizer_where_6 = jnp.where(optimizer_and_2, optimizer_add_5, state["optimizer.groups.1.secondCorrection"])  # float32[]
    with jax.named_scope("optimizer.embedding"):
        embedding_where = jnp.where(optimizer_and_2, grad_embedding_add, 0.0)  # float32[64, 32]
    with jax.named_scope("optimizer"):
        optimizer_sqrt_2 = jnp.sqrt(optimizer_add_3)  # float32[]
        optimizer_multiply_6 = inputs["scheduleFactor"] * 0.0144  # float32[]
        optimizer_multiply_7 = optimizer_multiply_6 * optimizer_sqrt_2  # float32[]
        optimizer_divide_2 = optimizer_multiply_7 / optimizer_add_2  # float32[]
        optimizer_where_7 = jnp.where(optimizer_and_2, jnp.float32(0.9), jnp.float32(1.0))  # float32[]
        optimizer_multiply_8 = optimizer_where * 0.09999999999999998  # float32[]
        optimizer_where_8 = jnp.where(optimizer_and_2, jnp.float32(0.95), jnp.float32(1.0))  # float32[]
        optimizer_multiply_9 = optimizer_where * optimizer_where  # float32[]
        optimizer_multiply_10 = optimizer_multiply_9 * 0.050000000000000044  # float32[]
        optimizer_where_9 = jnp.where(optimizer_and_2, optimizer_multiply_10, -1.0)  # float32[]
        optimizer_multiply_11 = inputs["scheduleFactor"] * 0.00144  # float32[]
        optimizer_subtract = 1.0 - optimizer_multiply_11  # float32[]
        optimizer_where_10 = jnp.where(optimizer_and_2, optimizer_subtract, 1.0)  # float32[]
        optimizer_where_11 = jnp.where(optimizer_and_2, optimizer_divide_2, 0.0)  # float32[]
        optimizer_multiply_12 = optimizer_sqrt_2 * 1e-8  # float32[]
    with jax.named_scope("optimizer.embedding"):
        embedding_multiply_2 = state["optimizer.embedding.firstMoment"] * optimizer_where_7  # float32[64, 32]
        embedding_multiply_3 = embedding_where * optimizer_multiply_8  # float32[64, 32]
        embedding_add = embedding_multiply_2 + embedding_multiply_3  # float32[64, 32]
        embedding_multiply_4 = state["optimizer.embedding.secondMoment"] * optimizer_where_8  # float32[64, 32]
        embedding_multiply_5 = embedding_where * embedding_where  # float32[64, 32]
        embedding_multiply_6 = embedding_multiply_5 * optimizer_where_9  # float32[64, 32]
        embedding_add_2 = embedding_multiply_4 + embedding_multiply_6  # float32[64, 32]
        embedding_multiply_7 = embedding_add * optimizer_where_11  # float32[64, 32]
        embedding_add_3 = embedding_multiply_7 + optimizer_multiply  # float32[64, 32]
        embedding_sqrt = jnp.sqrt(embedding_add_2)  # float32[64, 32]
        embedding_add_4 = embedding_sqrt + optimizer_multiply_12  # float32[64, 32]
        embedding_divide = embedding_add_3 / embedding_add_4  # float32[64, 32]
        embedding_multiply_8 = state["embedding"] * optimizer_where_10  # float32[64, 32]
        embedding_subtract = embedding_multiply_8 - embedding_divide  # float32[64, 32]
    with jax.named_scope("optimizer.positions"):
        positions_where = jnp.where(optimizer_and_2, grad_reshape, 0.0)  # float32[16, 32]
        positions_multiply_2 = state["optimizer.positions.firstMoment"] * optimizer_where_7  # float32[16, 32]
        positions_multiply_3 = positions_where * optimizer_multiply_8  # float32[16, 32]
        positions_add_2 = positions_multiply_2 + positions_multiply_3  # float32[16, 32]
        positions_multiply_4 = state["optimizer.positions.secondMoment"] * optimizer_where_8  # float32[16, 32]
        positions_multiply_5 = positions_where * positions_where  # float32[16, 32]
        positions_multiply_6 = positions_multiply_5 * optimizer_where_9  # float32[16, 32]
        positions_add_3 = positions_multiply_4 + positions_multiply_6  # float32[16, 32]
        positions_multiply_7 = positions_add_2 * optimizer_where_11  # float32[16, 32]
        positions_add_4 = positions_multiply_7 + optimizer_multiply  # float32[16, 32]
        positions_sqrt = jnp.sqrt(positions_add_3)  # float32[16, 32]
        positions_add_5 = positions_sqrt + optimizer_multiply_12  # float32[16, 32]
        positions_divide = positions_add_4 / positions_add_5  # float32[16, 32]
        positions_multiply_8 = state["positions"] * optimizer_where_10  # float32[16, 32]
        positions_subtract = positions_multiply_8 - positions_divide  # float32[16, 32]
    with jax.named_scope("optimizer"):
        optimizer_sqrt_3 = jnp.sqrt(optimizer_add_5)  # float32[]
        optimizer_multiply_13 = optimizer_multiply_6 * optimizer_sqrt_3  # float32[]
        optimizer_divide_3 = optimizer_multiply_13 / optimizer_add_4  # float32[]
        optimizer_where_12 = jnp.where(optimizer_and_2, optimizer_divide_3, 0.0)  # float32[]
        optimizer_multiply_14 = optimizer_sqrt_3 * 1e-8  # float32[]

    def blocks_update_3(layer):
        (
            grad_attention_reshape_33,  # float32[32]
            attention_norm_gain_first_moment,  # float32[32]
            attention_norm_gain_second_moment,  # float32[32]
            attention_norm_gain_3,  # float32[32]
            grad_attention_reshape_34,  # float32[32]
            attention_norm_bias_first_moment,  # float32[32]
            attention_norm_bias_second_moment,  # float32[32]
            attention_norm_bias_2,  # float32[32]
            grad_attention_matmul_18,  # float32[32, 32]
            attention_query_first_moment,  # float32[32, 32]
            attention_query_second_moment,  # float32[32, 32]
            attention_query_3,  # float32[32, 32]
            grad_attention_reshape_35,  # float32[32]
            attention_query_bias_first_moment,  # float32[32]
            attention_query_bias_second_moment,  # float32[32]
            attention_query_bias_2,  # float32[32]
            grad_attention_matmul_19,  # float32[32, 32]
            attention_key_first_moment,  # float32[32, 32]
            attention_key_second_moment,  # float32[32, 32]
            attention_key_3,  # float32[32, 32]
            grad_attention_reshape_36,  # float32[32]
            attention_key_bias_first_moment,  # float32[32]
            attention_key_bias_second_moment,  # float32[32]
            attention_key_bias_2,  # float32[32]
            grad_attention_matmul_20,  # float32[32, 32]
            attention_value_first_moment,  # float32[32, 32]
            attention_value_second_moment,  # float32[32, 32]
            attention_value_3,  # float32[32, 32]
            grad_attention_reshape_37,  # float32[32]
            attention_value_bias_first_moment,  # float32[32]
            attention_value_bias_second_moment,  # float32[32]
            attention_value_bias_2,  # float32[32]
            grad_attention_matmul_21,  # float32[32, 32]
            attention_output_first_moment,  # float32[32, 32]
            attention_output_second_moment,  # float32[32, 32]
            attention_output_3,  # float32[32, 32]
            grad_attention_reshape_38,  # float32[32]
            attention_output_bias_first_moment,  # float32[32]
            attention_output_bias_second_moment,  # float32[32]
            attention_output_bias_2,  # float32[32]
            grad_mlp_reshape_17,  # float32[32]
            mlp_norm_gain_first_moment,  # float32[32]
            mlp_norm_gain_second_moment,  # float32[32]
            mlp_norm_gain_3,  # float32[32]
            grad_mlp_reshape_18,  # float32[32]
            mlp_norm_bias_first_moment,  # float32[32]
            mlp_norm_bias_second_moment,  # float32[32]
            mlp_norm_bias_2,  # float32[32]
            grad_mlp_matmul_7,  # float32[128, 32]
            mlp_up_first_moment,  # float32[128, 32]
            mlp_up_second_moment,  # float32[128, 32]
            mlp_up_3,  # float32[128, 32]
            grad_mlp_reshape_19,  # float32[128]
            mlp_up_bias_first_moment,  # float32[128]
            mlp_up_bias_second_moment,  # float32[128]
            mlp_up_bias_2,  # float32[128]
            grad_mlp_matmul_8,  # float32[32, 128]
            mlp_down_first_moment,  # float32[32, 128]
            mlp_down_second_moment,  # float32[32, 128]
            mlp_down_3,  # float32[32, 128]
            grad_mlp_reshape_20,  # float32[32]
            mlp_down_bias_first_moment,  # float32[32]
            mlp_down_bias_second_moment,  # float32[32]
            mlp_down_bias_2,  # float32[32]
        ) = layer
        with jax.named_scope("attention.norm.gain"):
            gain_where = jnp.where(optimizer_and_2, grad_attention_reshape_33, 0.0)  # float32[32]
            gain_multiply_4 = attention_norm_gain_first_moment * optimizer_where_7  # float32[32]
            gain_multiply_5 = gain_where * optimizer_multiply_8  # float32[32]
            gain_add_4 = gain_multiply_4 + gain_multiply_5  # float32[32]
            gain_multiply_6 = attention_norm_gain_second_moment * optimizer_where_8  # float32[32]
            gain_multiply_7 = gain_where * gain_where  # float32[32]
            gain_multiply_8 = gain_multiply_7 * optimizer_where_9  # float32[32]
            gain_add_5 = gain_multiply_6 + gain_multiply_8  # float32[32]
            gain_multiply_9 = gain_add_4 * optimizer_where_12  # float32[32]
            gain_add_6 = gain_multiply_9 + optimizer_multiply  # float32[32]
            gain_sqrt = jnp.sqrt(gain_add_5)  # float32[32]
            gain_add_7 = gain_sqrt + optimizer_multiply_14  # float32[32]
            gain_divide = gain_add_6 / gain_add_7  # float32[32]
            gain_subtract = attention_norm_gain_3 - gain_divide  # float32[32]
        with jax.named_scope("attention.norm.bias"):
            bias_where = jnp.where(optimizer_and_2, grad_attention_reshape_34, 0.0)  # float32[32]
            bias_multiply_10 = attention_norm_bias_first_moment * optimizer_where_7  # float32[32]
            bias_multiply_11 = bias_where * optimizer_multiply_8  # float32[32]
            bias_add_11 = bias_multiply_10 + bias_multiply_11  # float32[32]
            bias_multiply_12 = attention_norm_bias_second_moment * optimizer_where_8  # float32[32]
            bias_multiply_13 = bias_where * bias_where  # float32[32]
            bias_multiply_14 = bias_multiply_13 * optimizer_where_9  # float32[32]
            bias_add_12 = bias_multiply_12 + bias_multiply_14  # float32[32]
            bias_multiply_15 = bias_add_11 * optimizer_where_12  # float32[32]
            bias_add_13 = bias_multiply_15 + optimizer_multiply  # float32[32]
            bias_sqrt = jnp.sqrt(bias_add_12)  # float32[32]
            bias_add_14 = bias_sqrt + optimizer_multiply_14  # float32[32]
            bias_divide = bias_add_13 / bias_add_14  # float32[32]
            bias_subtract = attention_norm_bias_2 - bias_divide  # float32[32]
        with jax.named_scope("attention.query"):
            query_where = jnp.where(optimizer_and_2, grad_attention_matmul_18, 0.0)  # float32[32, 32]
            query_multiply_2 = attention_query_first_moment * optimizer_where_7  # float32[32, 32]
            query_multiply_3 = query_where * optimizer_multiply_8  # float32[32, 32]
            query_add_2 = query_multiply_2 + query_multiply_3  # float32[32, 32]
            query_multiply_4 = attention_query_second_moment * optimizer_where_8  # float32[32, 32]
            query_multiply_5 = query_where * query_where  # float32[32, 32]
            query_multiply_6 = query_multiply_5 * optimizer_where_9  # float32[32, 32]
            query_add_3 = query_multiply_4 + query_multiply_6  # float32[32, 32]
            query_multiply_7 = query_add_2 * optimizer_where_11  # float32[32, 32]
            query_add_4 = query_multiply_7 + optimizer_multiply  # float32[32, 32]
            query_sqrt = jnp.sqrt(query_add_3)  # float32[32, 32]
            query_add_5 = query_sqrt + optimizer_multiply_12  # float32[32, 32]
            query_divide = query_add_4 / query_add_5  # float32[32, 32]
            query_multiply_8 = attention_query_3 * optimizer_where_10  # float32[32, 32]
            query_subtract = query_multiply_8 - query_divide  # float32[32, 32]
        with jax.named_scope("attention.query.bias"):
            bias_where_2 = jnp.where(optimizer_and_2, grad_attention_reshape_35, 0.0)  # float32[32]
            bias_multiply_16 = attention_query_bias_first_moment * optimizer_where_7  # float32[32]
            bias_multiply_17 = bias_where_2 * optimizer_multiply_8  # float32[32]
            bias_add_15 = bias_multiply_16 + bias_multiply_17  # float32[32]
            bias_multiply_18 = attention_query_bias_second_moment * optimizer_where_8  # float32[32]
            bias_multiply_19 = bias_where_2 * bias_where_2  # float32[32]
            bias_multiply_20 = bias_multiply_19 * optimizer_where_9  # float32[32]
            bias_add_16 = bias_multiply_18 + bias_multiply_20  # float32[32]
            bias_multiply_21 = bias_add_15 * optimizer_where_12  # float32[32]
            bias_add_17 = bias_multiply_21 + optimizer_multiply  # float32[32]
            bias_sqrt_2 = jnp.sqrt(bias_add_16)  # float32[32]
            bias_add_18 = bias_sqrt_2 + optimizer_multiply_14  # float32[32]
            bias_divide_2 = bias_add_17 / bias_add_18  # float32[32]
            bias_subtract_2 = attention_query_bias_2 - bias_divide_2  # float32[32]
        with jax.named_scope("attention.key"):
            key_where = jnp.where(optimizer_and_2, grad_attention_matmul_19, 0.0)  # float32[32, 32]
            key_multiply_2 = attention_key_first_moment * optimizer_where_7  # float32[32, 32]
            key_multiply_3 = key_where * optimizer_multiply_8  # float32[32, 32]
            key_add_2 = key_multiply_2 + key_multiply_3  # float32[32, 32]
            key_multiply_4 = attention_key_second_moment * optimizer_where_8  # float32[32, 32]
            key_multiply_5 = key_where * key_where  # float32[32, 32]
            key_multiply_6 = key_multiply_5 * optimizer_where_9  # float32[32, 32]
            key_add_3 = key_multiply_4 + key_multiply_6  # float32[32, 32]
            key_multiply_7 = key_add_2 * optimizer_where_11  # float32[32, 32]
            key_add_4 = key_multiply_7 + optimizer_multiply  # float32[32, 32]
            key_sqrt = jnp.sqrt(key_add_3)  # float32[32, 32]
            key_add_5 = key_sqrt + optimizer_multiply_12  # float32[32, 32]
            key_divide = key_add_4 / key_add_5  # float32[32, 32]
            key_multiply_8 = attention_key_3 * optimizer_where_10  # float32[32, 32]
            key_subtract = key_multiply_8 - key_divide  # float32[32, 32]
        with jax.named_scope("attention.key.bias"):
            bias_where_3 = jnp.where(optimizer_and_2, grad_attention_reshape_36, 0.0)  # float32[32]
            bias_multiply_22 = attention_key_bias_first_moment * optimizer_where_7  # float32[32]
            bias_multiply_23 = bias_where_3 * optimizer_multiply_8  # float32[32]
            bias_add_19 = bias_multiply_22 + bias_multiply_23  # float32[32]
            bias_multiply_24 = attention_key_bias_second_moment * optimizer_where_8  # float32[32]
            bias_multiply_25 = bias_where_3 * bias_where_3  # float32[32]
            bias_multiply_26 = bias_multiply_25 * optimizer_where_9  # float32[32]
            bias_add_20 = bias_multiply_24 + bias_multiply_26  # float32[32]
            bias_multiply_27 = bias_add_19 * optimizer_where_12  # float32[32]
            bias_add_21 = bias_multiply_27 + optimizer_multiply  # float32[32]
            bias_sqrt_3 = jnp.sqrt(bias_add_20)  # float32[32]
            bias_add_22 = bias_sqrt_3 + optimizer_multiply_14  # float32[32]
            bias_divide_3 = bias_add_21 / bias_add_22  # float32[32]
            bias_subtract_3 = attention_key_bias_2 - bias_divide_3  # float32[32]
        with jax.named_scope("attention.value"):
            value_where = jnp.where(optimizer_and_2, grad_attention_matmul_20, 0.0)  # float32[32, 32]
            value_multiply_2 = attention_value_first_moment * optimizer_where_7  # float32[32, 32]
            value_multiply_3 = value_where * optimizer_multiply_8  # float32[32, 32]
            value_add_2 = value_multiply_2 + value_multiply_3  # float32[32, 32]
            value_multiply_4 = attention_value_second_moment * optimizer_where_8  # float32[32, 32]
            value_multiply_5 = value_where * value_where  # float32[32, 32]
            value_multiply_6 = value_multiply_5 * optimizer_where_9  # float32[32, 32]
            value_add_3 = value_multiply_4 + value_multiply_6  # float32[32, 32]
            value_multiply_7 = value_add_2 * optimizer_where_11  # float32[32, 32]
            value_add_4 = value_multiply_7 + optimizer_multiply  # float32[32, 32]
            value_sqrt = jnp.sqrt(value_add_3)  # float32[32, 32]
            value_add_5 = value_sqrt + optimizer_multiply_12  # float32[32, 32]
            value_divide = value_add_4 / value_add_5  # float32[32, 32]
            value_multiply_8 = attention_value_3 * optimizer_where_10  # float32[32, 32]
            value_subtract = value_multiply_8 - value_divide  # float32[32, 32]
        with jax.named_scope("attention.value.bias"):
            bias_where_4 = jnp.where(optimizer_and_2, grad_attention_reshape_37, 0.0)  # float32[32]
            bias_multiply_28 = attention_value_bias_first_moment * optimizer_where_7  # float32[32]
            bias_multiply_29 = bias_where_4 * optimizer_multiply_8  # float32[32]
            bias_add_23 = bias_multiply_28 + bias_multiply_29  # float32[32]
            bias_multiply_30 = attention_value_bias_second_moment * optimizer_where_8  # float32[32]
            bias_multiply_31 = bias_where_4 * bias_where_4  # float32[32]
            bias_multiply_32 = bias_multiply_31 * optimizer_where_9  # float32[32]
            bias_add_24 = bias_multiply_30 + bias_multiply_32  # float32[32]
            bias_multiply_33 = bias_add_23 * optimizer_where_12  # float32[32]
            bias_add_25 = bias_multiply_33 + optimizer_multiply  # float32[32]
            bias_sqrt_4 = jnp.sqrt(bias_add_24)  # float32[32]
            bias_add_26 = bias_sqrt_4 + optimizer_multiply_14  # float32[32]
            bias_divide_4 = bias_add_25 / bias_add_26  # float32[32]
            bias_subtract_4 = attention_value_bias_2 - bias_divide_4  # float32[32]
        with jax.named_scope("attention.output"):
            output_where = jnp.where(optimizer_and_2, grad_attention_matmul_21, 0.0)  # float32[32, 32]
            output_multiply_2 = attention_output_first_moment * optimizer_where_7  # float32[32, 32]
            output_multiply_3 = output_where * optimizer_multiply_8  # float32[32, 32]
            output_add_2 = output_multiply_2 + output_multiply_3  # float32[32, 32]
            output_multiply_4 = attention_output_second_moment * optimizer_where_8  # float32[32, 32]
            output_multiply_5 = output_where * output_where  # float32[32, 32]
            output_multiply_6 = output_multiply_5 * optimizer_where_9  # float32[32, 32]
            output_add_3 = output_multiply_4 + output_multiply_6  # float32[32, 32]
            output_multiply_7 = output_add_2 * optimizer_where_11  # float32[32, 32]
            output_add_4 = output_multiply_7 + optimizer_multiply  # float32[32, 32]
            output_sqrt = jnp.sqrt(output_add_3)  # float32[32, 32]
            output_add_5 = output_sqrt + optimizer_multiply_12  # float32[32, 32]
            output_divide = output_add_4 / output_add_5  # float32[32, 32]
            output_multiply_8 = attention_output_3 * optimizer_where_10  # float32[32, 32]
            output_subtract = output_multiply_8 - output_divide  # float32[32, 32]
        with jax.named_scope("attention.output.bias"):
            bias_where_5 = jnp.where(optimizer_and_2, grad_attention_reshape_38, 0.0)  # float32[32]
            bias_multiply_34 = attention_output_bias_first_moment * optimizer_where_7  # float32[32]
            bias_multiply_35 = bias_where_5 * optimizer_multiply_8  # float32[32]
            bias_add_27 = bias_multiply_34 + bias_multiply_35  # float32[32]
            bias_multiply_36 = attention_output_bias_second_moment * optimizer_where_8  # float32[32]
            bias_multiply_37 = bias_where_5 * bias_where_5  # float32[32]
            bias_multiply_38 = bias_multiply_37 * optimizer_where_9  # float32[32]
            bias_add_28 = bias_multiply_36 + bias_multiply_38  # float32[32]
            bias_multiply_39 = bias_add_27 * optimizer_where_12  # float32[32]
            bias_add_29 = bias_multiply_39 + optimizer_multiply  # float32[32]
            bias_sqrt_5 = jnp.sqrt(bias_add_28)  # float32[32]
            bias_add_30 = bias_sqrt_5 + optimizer_multiply_14  # float32[32]
            bias_divide_5 = bias_add_29 / bias_add_30  # float32[32]
            bias_subtract_5 = attention_output_bias_2 - bias_divide_5  # float32[32]
        with jax.named_scope("mlp.norm.gain"):
            gain_where_2 = jnp.where(optimizer_and_2, grad_mlp_reshape_17, 0.0)  # float32[32]
            gain_multiply_10 = mlp_norm_gain_first_moment * optimizer_where_7  # float32[32]
            gain_multiply_11 = gain_where_2 * optimizer_multiply_8  # float32[32]
            gain_add_8 = gain_multiply_10 + gain_multiply_11  # float32[32]
            gain_multiply_12 = mlp_norm_gain_second_moment * optimizer_where_8  # float32[32]
            gain_multiply_13 = gain_where_2 * gain_where_2  # float32[32]
            gain_multiply_14 = gain_multiply_13 * optimizer_where_9  # float32[32]
            gain_add_9 = gain_multiply_12 + gain_multiply_14  # float32[32]
            gain_multiply_15 = gain_add_8 * optimizer_where_12  # float32[32]
            gain_add_10 = gain_multiply_15 + optimizer_multiply  # float32[32]
            gain_sqrt_2 = jnp.sqrt(gain_add_9)  # float32[32]
            gain_add_11 = gain_sqrt_2 + optimizer_multiply_14  # float32[32]
            gain_divide_2 = gain_add_10 / gain_add_11  # float32[32]
            gain_subtract_2 = mlp_norm_gain_3 - gain_divide_2  # float32[32]
        with jax.named_scope("mlp.norm.bias"):
            bias_where_6 = jnp.where(optimizer_and_2, grad_mlp_reshape_18, 0.0)  # float32[32]
            bias_multiply_40 = mlp_norm_bias_first_moment * optimizer_where_7  # float32[32]
            bias_multiply_41 = bias_where_6 * optimizer_multiply_8  # float32[32]
            bias_add_31 = bias_multiply_40 + bias_multiply_41  # float32[32]
            bias_multiply_42 = mlp_norm_bias_second_moment * optimizer_where_8  # float32[32]
            bias_multiply_43 = bias_where_6 * bias_where_6  # float32[32]
            bias_multiply_44 = bias_multiply_43 * optimizer_where_9  # float32[32]
            bias_add_32 = bias_multiply_42 + bias_multiply_44  # float32[32]
            bias_multiply_45 = bias_add_31 * optimizer_where_12  # float32[32]
            bias_add_33 = bias_multiply_45 + optimizer_multiply  # float32[32]
            bias_sqrt_6 = jnp.sqrt(bias_add_32)  # float32[32]
            bias_add_34 = bias_sqrt_6 + optimizer_multiply_14  # float32[32]
            bias_divide_6 = bias_add_33 / bias_add_34  # float32[32]
            bias_subtract_6 = mlp_norm_bias_2 - bias_divide_6  # float32[32]
        with jax.named_scope("mlp.up"):
            up_where = jnp.where(optimizer_and_2, grad_mlp_matmul_7, 0.0)  # float32[128, 32]
            up_multiply_2 = mlp_up_first_moment * optimizer_where_7  # float32[128, 32]
            up_multiply_3 = up_where * optimizer_multiply_8  # float32[128, 32]
            up_add_2 = up_multiply_2 + up_multiply_3  # float32[128, 32]
            up_multiply_4 = mlp_up_second_moment * optimizer_where_8  # float32[128, 32]
            up_multiply_5 = up_where * up_where  # float32[128, 32]
            up_multiply_6 = up_multiply_5 * optimizer_where_9  # float32[128, 32]
            up_add_3 = up_multiply_4 + up_multiply_6  # float32[128, 32]
            up_multiply_7 = up_add_2 * optimizer_where_11  # float32[128, 32]
            up_add_4 = up_multiply_7 + optimizer_multiply  # float32[128, 32]
            up_sqrt = jnp.sqrt(up_add_3)  # float32[128, 32]
            up_add_5 = up_sqrt + optimizer_multiply_12  # float32[128, 32]
            up_divide = up_add_4 / up_add_5  # float32[128, 32]
            up_multiply_8 = mlp_up_3 * optimizer_where_10  # float32[128, 32]
            up_subtract = up_multiply_8 - up_divide  # float32[128, 32]
        with jax.named_scope("mlp.up.bias"):
            bias_where_7 = jnp.where(optimizer_and_2, grad_mlp_reshape_19, 0.0)  # float32[128]
            bias_multiply_46 = mlp_up_bias_first_moment * optimizer_where_7  # float32[128]
            bias_multiply_47 = bias_where_7 * optimizer_multiply_8  # float32[128]
            bias_add_35 = bias_multiply_46 + bias_multiply_47  # float32[128]
            bias_multiply_48 = mlp_up_bias_second_moment * optimizer_where_8  # float32[128]
            bias_multiply_49 = bias_where_7 * bias_where_7  # float32[128]
            bias_multiply_50 = bias_multiply_49 * optimizer_where_9  # float32[128]
            bias_add_36 = bias_multiply_48 + bias_multiply_50  # float32[128]
            bias_multiply_51 = bias_add_35 * optimizer_where_12  # float32[128]
            bias_add_37 = bias_multiply_51 + optimizer_multiply  # float32[128]
            bias_sqrt_7 = jnp.sqrt(bias_add_36)  # float32[128]
            bias_add_38 = bias_sqrt_7 + optimizer_multiply_14  # float32[128]
            bias_divide_7 = bias_add_37 / bias_add_38  # float32[128]
            bias_subtract_7 = mlp_up_bias_2 - bias_divide_7  # float32[128]
        with jax.named_scope("mlp.down"):
            down_where = jnp.where(optimizer_and_2, grad_mlp_matmul_8, 0.0)  # float32[32, 128]
            down_multiply_2 = mlp_down_first_moment * optimizer_where_7  # float32[32, 128]
            down_multiply_3 = down_where * optimizer_multiply_8  # float32[32, 128]
            down_add_2 = down_multiply_2 + down_multiply_3  # float32[32, 128]
            down_multiply_4 = mlp_down_second_moment * optimizer_where_8  # float32[32, 128]
            down_multiply_5 = down_where * down_where  # float32[32, 128]
            down_multiply_6 = down_multiply_5 * optimizer_where_9  # float32[32, 128]
            down_add_3 = down_multiply_4 + down_multiply_6  # float32[32, 128]
            down_multiply_7 = down_add_2 * optimizer_where_11  # float32[32, 128]
            down_add_4 = down_multiply_7 + optimizer_multiply  # float32[32, 128]
            down_sqrt = jnp.sqrt(down_add_3)  # float32[32, 128]
            down_add_5 = down_sqrt + optimizer_multiply_12  # float32[32, 128]
            down_divide = down_add_4 / down_add_5  # float32[32, 128]
            down_multiply_8 = mlp_down_3 * optimizer_where_10  # float32[32, 128]
            down_subtract = down_multiply_8 - down_divide  # float32[32, 128]
        with jax.named_scope("mlp.down.bias"):
            bias_where_8 = jnp.where(optimizer_and_2, grad_mlp_reshape_20, 0.0)  # float32[32]
            bias_multiply_52 = mlp_down_bias_first_moment * optimizer_where_7  # float32[32]
            bias_multiply_53 = bias_where_8 * optimizer_multiply_8  # float32[32]
            bias_add_39 = bias_multiply_52 + bias_multiply_53  # float32[32]
            bias_multiply_54 = mlp_down_bias_second_moment * optimizer_where_8  # float32[32]
            bias_multiply_55 = bias_where_8 * bias_where_8  # float32[32]
            bias_multiply_56 = bias_multiply_55 * optimizer_where_9  # float32[32]
            bias_add_40 = bias_multiply_54 + bias_multiply_56  # float32[32]
            bias_multiply_57 = bias_add_39 * optimizer_where_12  # float32[32]
            bias_add_41 = bias_multiply_57 + optimizer_multiply  # float32[32]
            bias_sqrt_8 = jnp.sqrt(bias_add_40)  # float32[32]
            bias_add_42 = bias_sqrt_8 + optimizer_multiply_14  # float32[32]
            bias_divide_8 = bias_add_41 / bias_add_42  # float32[32]
            bias_subtract_8 = mlp_down_bias_2 - bias_divide_8  # float32[32]
        return (
            gain_subtract,
            bias_subtract,
            query_subtract,
            bias_subtract_2,
            key_subtract,
            bias_subtract_3,
            value_subtract,
            bias_subtract_4,
            output_subtract,
            bias_subtract_5,
            gain_subtract_2,
            bias_subtract_6,
            up_subtract,
            bias_subtract_7,
            down_subtract,
            bias_subtract_8,
            gain_add_4,
            gain_add_5,
            bias_add_11,
            bias_add_12,
            query_add_2,
            query_add_3,
            bias_add_15,
            bias_add_16,
            key_add_2,
            key_add_3,
            bias_add_19,
            bias_add_20,
            value_add_2,
            value_add_3,
            bias_add_23,
            bias_add_24,
            output_add_2,
            output_add_3,
            bias_add_27,
            bias_add_28,
            gain_add_8,
            gain_add_9,
            bias_add_31,
            bias_add_32,
            up_add_2,
            up_add_3,
            bias_add_35,
            bias_add_36,
            down_add_2,
            down_add_3,
            bias_add_39,
            bias_add_40,
        )

    with jax.named_scope("optimizer.blocks"):
        (
            all_gain_subtract,
            all_bias_subtract,
            all_query_subtract,
            all_bias_subtract_2,
            all_key_subtract,
            all_bias_subtract_3,
            all_value_subtract,
            all_bias_subtract_4,
            all_output_subtract,
            all_bias_subtract_5,
            all_gain_subtract_2,
            all_bias_subtract_6,
            all_up_subtract,
            all_bias_subtract_7,
            all_down_subtract,
            all_bias_subtract_8,
            all_gain_add_4,
            all_gain_add_5,
            all_bias_add_11,
            all_bias_add_12,
            all_query_add_2,
            all_query_add_3,
            all_bias_add_15,
            all_bias_add_16,
            all_key_add_2,
            all_key_add_3,
            all_bias_add_19,
            all_bias_add_20,
            all_value_add_2,
            all_value_add_3,
            all_bias_add_23,
            all_bias_add_24,
            all_output_add_2,
            all_output_add_3,
            all_bias_add_27,
            all_bias_add_28,
            all_gain_add_8,
            all_gain_add_9,
            all_bias_add_31,
            all_bias_add_32,
            all_up_add_2,
            all_up_add_3,
            all_bias_add_35,
            all_bias_add_36,
            all_down_add_2,
            all_down_add_3,
            all_bias_add_39,
            all_bias_add_40,
        ) = jax.vmap(blocks_update_3)(
            (
                all_grad_attention_reshape_22,
                state["optimizer.blocks.*.attention.norm.gain.firstMoment"],
                state["optimizer.blocks.*.attention.norm.gain.secondMoment"],
                state["blocks.*.attention.norm.gain"],
                all_grad_attention_reshape_21,
                state["optimizer.blocks.*.attention.norm.bias.firstMoment"],
                state["optimizer.blocks.*.attention.norm.bias.secondMoment"],
                state["blocks.*.attention.norm.bias"],
                all_grad_attention_matmul_13,
                state["optimizer.blocks.*.attention.query.firstMoment"],
                state["optimizer.blocks.*.attention.query.secondMoment"],
                state["blocks.*.attention.query"],
                all_grad_attention_reshape_18,
                state["optimizer.blocks.*.attention.query.bias.firstMoment"],
                state["optimizer.blocks.*.attention.query.bias.secondMoment"],
                state["blocks.*.attention.query.bias"],
                all_grad_attention_matmul_11,
                state["optimizer.blocks.*.attention.key.firstMoment"],
                state["optimizer.blocks.*.attention.key.secondMoment"],
                state["blocks.*.attention.key"],
                all_grad_attention_reshape_14,
                state["optimizer.blocks.*.attention.key.bias.firstMoment"],
                state["optimizer.blocks.*.attention.key.bias.secondMoment"],
                state["blocks.*.attention.key.bias"],
                all_grad_attention_matmul_9,
                state["optimizer.blocks.*.attention.value.firstMoment"],
                state["optimizer.blocks.*.attention.value.secondMoment"],
                state["blocks.*.attention.value"],
                all_grad_attention_reshape_10,
                state["optimizer.blocks.*.attention.value.bias.firstMoment"],
                state["optimizer.blocks.*.attention.value.bias.secondMoment"],
                state["blocks.*.attention.value.bias"],
                all_grad_attention_matmul_2,
                state["optimizer.blocks.*.attention.output.firstMoment"],
                state["optimizer.blocks.*.attention.output.secondMoment"],
                state["blocks.*.attention.output"],
                all_grad_attention_reshape_3,
                state["optimizer.blocks.*.attention.output.bias.firstMoment"],
                state["optimizer.blocks.*.attention.output.bias.secondMoment"],
                state["blocks.*.attention.output.bias"],
                all_grad_mlp_reshape_8,
                state["optimizer.blocks.*.mlp.norm.gain.firstMoment"],
                state["optimizer.blocks.*.mlp.norm.gain.secondMoment"],
                state["blocks.*.mlp.norm.gain"],
                all_grad_mlp_reshape_7,
                state["optimizer.blocks.*.mlp.norm.bias.firstMoment"],
                state["optimizer.blocks.*.mlp.norm.bias.secondMoment"],
                state["blocks.*.mlp.norm.bias"],
                all_grad_mlp_matmul_4,
                state["optimizer.blocks.*.mlp.up.firstMoment"],
                state["optimizer.blocks.*.mlp.up.secondMoment"],
                state["blocks.*.mlp.up"],
                all_grad_mlp_reshape_4,
                state["optimizer.blocks.*.mlp.up.bias.firstMoment"],
                state["optimizer.blocks.*.mlp.up.bias.secondMoment"],
                state["blocks.*.mlp.up.bias"],
                all_grad_mlp_matmul_2,
                state["optimizer.blocks.*.mlp.down.firstMoment"],
                state["optimizer.blocks.*.mlp.down.secondMoment"],
                state["blocks.*.mlp.down"],
                all_grad_mlp_reshape,
                state["optimizer.blocks.*.mlp.down.bias.firstMoment"],
                state["optimizer.blocks.*.mlp.down.bias.secondMoment"],
                state["blocks.*.mlp.down.bias"],
            ),
        )
    with jax.named_scope("optimizer.norm.gain"):
        gain_where_3 = jnp.where(optimizer_and_2, grad_head_reshape_4, 0.0)  # float32[32]
        gain_multiply_16 = state["optimizer.norm.gain.firstMoment"] * optimizer_where_7  # float32[32]
        gain_multiply_17 = gain_where_3 * optimizer_multiply_8  # float32[32]
        gain_add_12 = gain_multiply_16 + gain_multiply_17  # float32[32]
        gain_multiply_18 = state["optimizer.norm.gain.secondMoment"] * optimizer_where_8  # float32[32]
        gain_multiply_19 = gain_where_3 * gain_where_3  # float32[32]
        gain_multiply_20 = gain_multiply_19 * optimizer_where_9  # float32[32]
        gain_add_13 = gain_multiply_18 + gain_multiply_20  # float32[32]
        gain_multiply_21 = gain_add_12 * optimizer_where_12  # float32[32]
        gain_add_14 = gain_multiply_21 + optimizer_multiply  # float32[32]
        gain_sqrt_3 = jnp.sqrt(gain_add_13)  # float32[32]
        gain_add_15 = gain_sqrt_3 + optimizer_multiply_14  # float32[32]
        gain_divide_3 = gain_add_14 / gain_add_15  # float32[32]
        gain_subtract_3 = state["norm.gain"] - gain_divide_3  # float32[32]
    with jax.named_scope("optimizer.norm.bias"):
        bias_where_9 = jnp.where(optimizer_and_2, grad_head_reshape_3, 0.0)  # float32[32]
        bias_multiply_58 = state["optimizer.norm.bias.firstMoment"] * optimizer_where_7  # float32[32]
        bias_multiply_59 = bias_where_9 * optimizer_multiply_8  # float32[32]
        bias_add_43 = bias_multiply_58 + bias_multiply_59  # float32[32]
        bias_multiply_60 = state["optimizer.norm.bias.secondMoment"] * optimizer_where_8  # float32[32]
        bias_multiply_61 = bias_where_9 * bias_where_9  # float32[32]
        bias_multiply_62 = bias_multiply_61 * optimizer_where_9  # float32[32]
        bias_add_44 = bias_multiply_60 + bias_multiply_62  # float32[32]
        bias_multiply_63 = bias_add_43 * optimizer_where_12  # float32[32]
        bias_add_45 = bias_multiply_63 + optimizer_multiply  # float32[32]
        bias_sqrt_9 = jnp.sqrt(bias_add_44)  # float32[32]
        bias_add_46 = bias_sqrt_9 + optimizer_multiply_14  # float32[32]
        bias_divide_9 = bias_add_45 / bias_add_46  # float32[32]
        bias_subtract_9 = state["norm.bias"] - bias_divide_9  # float32[32]
    with jax.named_scope("optimizer"):
        optimizer_cast = optimizer_and_2.astype(jnp.float32)  # float32[]
    return (
        {
            "embedding": embedding_subtract,
            "positions": positions_subtract,
            "blocks.*.attention.norm.gain": all_gain_subtract,
            "blocks.*.attention.norm.bias": all_bias_subtract,
            "blocks.*.attention.query": all_query_subtract,
            "blocks.*.attention.query.bias": all_bias_subtract_2,
            "blocks.*.attention.key": all_key_subtract,
            "blocks.*.attention.key.bias": all_bias_subtract_3,
            "blocks.*.attention.value": all_value_subtract,
            "blocks.*.attention.value.bias": all_bias_subtract_4,
            "blocks.*.attention.output": all_output_subtract,
            "blocks.*.attention.output.bias": all_bias_subtract_5,
            "blocks.*.mlp.norm.gain": all_gain_subtract_2,
            "blocks.*.mlp.norm.bias": all_bias_subtract_6,
            "blocks.*.mlp.up": all_up_subtract,
            "blocks.*.mlp.up.bias": all_bias_subtract_7,
            "blocks.*.mlp.down": all_down_subtract,
            "blocks.*.mlp.down.bias": all_bias_subtract_8,
            "norm.gain": gain_subtract_3,
            "norm.bias": bias_subtract_9,
            "optimizer.embedding.firstMoment": embedding_add,
            "optimizer.embedding.secondMoment": embedding_add_2,
            "optimizer.positions.firstMoment": positions_add_2,
            "optimizer.positions.secondMoment": positions_add_3,
            "optimizer.blocks.*.attention.norm.gain.firstMoment": all_gain_add_4,
            "optimizer.blocks.*.attention.norm.gain.secondMoment": all_gain_add_5,
            "optimizer.blocks.*.attention.norm.bias.firstMoment": all_bias_add_11,
            "optimizer.blocks.*.attention.norm.bias.secondMoment": all_bias_add_12,
            "optimizer.blocks.*.attention.query.firstMoment": all_query_add_2,
            "optimizer.blocks.*.attention.query.secondMoment": all_query_add_3,
            "optimizer.blocks.*.attention.query.bias.firstMoment": all_bias_add_15,
            "optimizer.blocks.*.attention.query.bias.secondMoment": all_bias_add_16,
            "optimizer.blocks.*.attention.key.firstMoment": all_key_add_2,
            "optimizer.blocks.*.attention.key.secondMoment": all_key_add_3,
            "optimizer.blocks.*.attention.key.bias.firstMoment": all_bias_add_19,
            "optimizer.blocks.*.attention.key.bias.secondMoment": all_bias_add_20,
            "optimizer.blocks.*.attention.value.firstMoment": all_value_add_2,
            "optimizer.blocks.*.attention.value.secondMoment": all_value_add_3,
            "optimizer.blocks.*.attention.value.bias.firstMoment": all_bias_add_23,
            "optimizer.blocks.*.attention.value.bias.secondMoment": all_bias_add_24,
            "optimizer.blocks.*.attention.output.firstMoment": all_output_add_2,
            "optimizer.blocks.*.attention.output.secondMoment": all_output_add_3,
            "optimizer.blocks.*.attention.output.bias.firstMoment": all_bias_add_27,
            "optimizer.blocks.*.attention.output.bias.secondMoment": all_bias_add_28,
            "optimizer.blocks.*.mlp.norm.gain.firstMoment": all_gain_add_8,
            "optimizer.blocks.*.mlp.norm.gain.secondMoment": all_gain_add_9,
            "optimizer.blocks.*.mlp.norm.bias.firstMoment": all_bias_add_31,
            "optimizer.blocks.*.mlp.norm.bias.secondMoment": all_bias_add_32,
            "optimizer.blocks.*.mlp.up.firstMoment": all_up_add_2,
            "optimizer.blocks.*.mlp.up.secondMoment": all_up_add_3,
            "optimizer.blocks.*.mlp.up.bias.firstMoment": all_bias_add_35,
            "optimizer.blocks.*.mlp.up.bias.secondMoment": all_bias_add_36,
            "optimizer.blocks.*.mlp.down.firstMoment": all_down_add_2,
            "optimizer.blocks.*.mlp.down.secondMoment": all_down_add_3,
            "optimizer.blocks.*.mlp.down.bias.firstMoment": all_bias_add_39,
            "optimizer.blocks.*.mlp.down.bias.secondMoment": all_bias_add_40,
            "optimizer.norm.gain.firstMoment": gain_add_12,
            "optimizer.norm.gain.secondMoment": gain_add_13,
            "optimizer.norm.bias.firstMoment": bias_add_43,
            "optimizer.norm.bias.secondMoment": bias_add_44,
            "optimizer.groups.0.firstCorrection": optimizer_where_3,
            "optimizer.groups.0.secondCorrection": optimizer_where_4,
            "optimizer.groups.1.firstCorrection": optimizer_where_5,
            "optimizer.groups.1.secondCorrection": optimizer_where_6,
        },
        {
            "loss": loss_divide,
            "gradientNorm": optimizer_sqrt,
            "isApplied": optimizer_cast,
        },
    )
