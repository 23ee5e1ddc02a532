"""A training step of nanochat-2025."""

import jax
import jax.numpy as jnp

FORMAT = 1
PROGRAM = "d9d13bd4b1db258e96e665432f0c3078f35ce72df54a15c39d748b6ddefa451a"

# What lives from step to step: shape, element type, kind. A name with * is a stack over layers along the leading axis.
STATE = {
    "embedding": ((64, 32), "float32", "parameter"),
    "blocks.*.attention.query": ((4, 32, 32), "float32", "parameter"),
    "blocks.*.attention.key": ((4, 32, 32), "float32", "parameter"),
    "blocks.*.attention.value": ((4, 32, 32), "float32", "parameter"),
    "blocks.*.attention.output": ((4, 32, 32), "float32", "parameter"),
    "blocks.*.mlp.up": ((4, 128, 32), "float32", "parameter"),
    "blocks.*.mlp.down": ((4, 32, 128), "float32", "parameter"),
    "head": ((64, 32), "float32", "parameter"),
    "optimizer.embedding.firstMoment": ((64, 32), "float32", "optimizer"),
    "optimizer.embedding.secondMoment": ((64, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.query.firstMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.key.firstMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.value.firstMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.output.firstMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.up.firstMoment": ((4, 128, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.down.firstMoment": ((4, 32, 128), "float32", "optimizer"),
    "optimizer.head.firstMoment": ((64, 32), "float32", "optimizer"),
    "optimizer.head.secondMoment": ((64, 32), "float32", "optimizer"),
    "optimizer.groups.1.firstCorrection": ((), "float32", "optimizer"),
    "optimizer.groups.1.secondCorrection": ((), "float32", "optimizer"),
    "optimizer.groups.2.firstCorrection": ((), "float32", "optimizer"),
    "optimizer.groups.2.secondCorrection": ((), "float32", "optimizer"),
}
# For each stack, the numbers that * stands for, in the order of its elements.
STACKS = {
    "blocks.*.attention.query": tuple(range(4)),
    "blocks.*.attention.key": tuple(range(4)),
    "blocks.*.attention.value": tuple(range(4)),
    "blocks.*.attention.output": tuple(range(4)),
    "blocks.*.mlp.up": tuple(range(4)),
    "blocks.*.mlp.down": tuple(range(4)),
    "optimizer.blocks.*.attention.query.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.key.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.value.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.output.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.up.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.down.firstMoment": tuple(range(4)),
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


def rms_norm(x, epsilon):
    """x / sqrt(mean(x^2) + epsilon) over the last axis, in float32."""
    y = x.astype(jnp.float32)
    y = y * jax.lax.rsqrt(jnp.mean(jnp.square(y), axis=-1, keepdims=True) + epsilon)
    return y.astype(x.dtype)


def rotary_embedding(x, cosines, sines):
    """Turns the pairs (x[j], x[j + K/2]) of x [B, H, T, K] by the angles of the tables [T, K/2]."""
    first, second = jnp.split(x, 2, axis=-1)
    return jnp.concatenate([first * cosines - second * sines, second * cosines + first * sines], axis=-1)


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
    with jax.named_scope("positions"):
        positions_multiply = jnp.arange(16, dtype=jnp.float32) * -0.0625  # float32[16]
        positions_power = jnp.power(10000.0, positions_multiply)  # float32[16]
        positions_reshape = jnp.arange(16, dtype=jnp.float32).reshape((16, 1))  # float32[16, 1]
        positions_multiply_2 = positions_reshape * positions_power  # float32[16, 16]
        positions_cos = jnp.cos(positions_multiply_2)  # float32[16, 16]
        positions_sin = jnp.sin(positions_multiply_2)  # float32[16, 16]
    with jax.named_scope("embedding"):
        embedding_gather_rows = jnp.take(state["embedding"], inputs["tokens"], axis=0, mode="clip")  # float32[2, 16, 32]
        embedding_rms_norm = rms_norm(embedding_gather_rows, 0.000001)  # float32[2, 16, 32]

    def blocks_forward(blocks_add, layer):
        (
            attention_query,  # float32[32, 32]
            attention_key,  # float32[32, 32]
            attention_value,  # float32[32, 32]
            attention_output,  # float32[32, 32]
            mlp_up,  # float32[128, 32]
            mlp_down,  # float32[32, 128]
        ) = layer
        blocks_add = shard_rows(blocks_add)
        with jax.named_scope("attention"):
            attention_rms_norm = rms_norm(blocks_add, 0.000001)  # float32[2, 16, 32]
            attention_reshape = attention_rms_norm.reshape((32, 32))  # float32[32, 32]
            attention_matmul = attention_reshape @ attention_query.T  # float32[32, 32]
            attention_reshape_2 = attention_matmul.reshape((2, 16, 32))  # float32[2, 16, 32]
            attention_reshape_3 = attention_reshape_2.reshape((2, 16, 1, 32))  # float32[2, 16, 1, 32]
            attention_transpose = attention_reshape_3.transpose((0, 2, 1, 3))  # float32[2, 1, 16, 32]
            attention_rotary_embedding = rotary_embedding(attention_transpose, positions_cos, positions_sin)  # float32[2, 1, 16, 32]
            attention_rms_norm_2 = rms_norm(attention_rotary_embedding, 0.000001)  # float32[2, 1, 16, 32]
            attention_matmul_2 = attention_reshape @ attention_key.T  # float32[32, 32]
            attention_reshape_4 = attention_matmul_2.reshape((2, 16, 32))  # float32[2, 16, 32]
            attention_reshape_5 = attention_reshape_4.reshape((2, 16, 1, 32))  # float32[2, 16, 1, 32]
            attention_transpose_2 = attention_reshape_5.transpose((0, 2, 1, 3))  # float32[2, 1, 16, 32]
            attention_rotary_embedding_2 = rotary_embedding(attention_transpose_2, positions_cos, positions_sin)  # float32[2, 1, 16, 32]
            attention_rms_norm_3 = rms_norm(attention_rotary_embedding_2, 0.000001)  # float32[2, 1, 16, 32]
            attention_matmul_3 = attention_reshape @ attention_value.T  # float32[32, 32]
            attention_reshape_6 = attention_matmul_3.reshape((2, 16, 32))  # float32[2, 16, 32]
            attention_reshape_7 = attention_reshape_6.reshape((2, 16, 1, 32))  # float32[2, 16, 1, 32]
            attention_transpose_3 = attention_reshape_7.transpose((0, 2, 1, 3))  # float32[2, 1, 16, 32]
            attention_attention = attention(attention_rms_norm_2, attention_rms_norm_3, attention_transpose_3, 0.1767766952966369, None)  # float32[2, 1, 16, 32]
            attention_transpose_4 = attention_attention.transpose((0, 2, 1, 3))  # float32[2, 16, 1, 32]
            attention_reshape_8 = attention_transpose_4.reshape((2, 16, 32))  # float32[2, 16, 32]
            attention_reshape_9 = attention_reshape_8.reshape((32, 32))  # float32[32, 32]
            attention_matmul_4 = attention_reshape_9 @ attention_output.T  # float32[32, 32]
            attention_reshape_10 = attention_matmul_4.reshape((2, 16, 32))  # float32[2, 16, 32]
        blocks_add_2 = blocks_add + attention_reshape_10  # float32[2, 16, 32]
        with jax.named_scope("mlp"):
            mlp_rms_norm = rms_norm(blocks_add_2, 0.000001)  # float32[2, 16, 32]
            mlp_reshape = mlp_rms_norm.reshape((32, 32))  # float32[32, 32]
            mlp_matmul = mlp_reshape @ mlp_up.T  # float32[32, 128]
            mlp_reshape_2 = mlp_matmul.reshape((2, 16, 128))  # float32[2, 16, 128]
            mlp_relu_squared = jnp.square(jax.nn.relu(mlp_reshape_2))  # float32[2, 16, 128]
            mlp_reshape_3 = mlp_relu_squared.reshape((32, 128))  # float32[32, 128]
            mlp_matmul_2 = mlp_reshape_3 @ mlp_down.T  # float32[32, 32]
            mlp_reshape_4 = mlp_matmul_2.reshape((2, 16, 32))  # float32[2, 16, 32]
        blocks_add_3 = blocks_add_2 + mlp_reshape_4  # float32[2, 16, 32]
        return blocks_add_3, (
            mlp_reshape_3,
            mlp_reshape_2,
            mlp_reshape,
            mlp_rms_norm,
            blocks_add_2,
            attention_reshape_9,
            attention_attention,
            attention_rms_norm_2,
            attention_rms_norm_3,
            attention_transpose_3,
            attention_reshape,
            attention_rotary_embedding_2,
            attention_rotary_embedding,
            attention_rms_norm,
            blocks_add,
        )

    with jax.named_scope("blocks"):
        last_blocks_add, (
            all_mlp_reshape_3,
            all_mlp_reshape_2,
            all_mlp_reshape,
            all_mlp_rms_norm,
            all_blocks_add_2,
            all_attention_reshape_9,
            all_attention_attention,
            all_attention_rms_norm_2,
            all_attention_rms_norm_3,
            all_attention_transpose_3,
            all_attention_reshape,
            all_attention_rotary_embedding_2,
            all_attention_rotary_embedding,
            all_attention_rms_norm,
            all_blocks_add_before,
        ) = jax.lax.scan(
            blocks_forward,
            embedding_rms_norm,
            (
                state["blocks.*.attention.query"],
                state["blocks.*.attention.key"],
                state["blocks.*.attention.value"],
                state["blocks.*.attention.output"],
                state["blocks.*.mlp.up"],
                state["blocks.*.mlp.down"],
            ),
        )
    with jax.named_scope("head"):
        head_rms_norm = rms_norm(last_blocks_add, 0.000001)  # float32[2, 16, 32]
        head_reshape = head_rms_norm.reshape((32, 32))  # float32[32, 32]
        head_matmul = head_reshape @ state["head"].T  # float32[32, 64]
        head_reshape_2 = head_matmul.reshape((2, 16, 64))  # float32[2, 16, 64]
        head_multiply = head_reshape_2 * 0.06666666666666667  # float32[2, 16, 64]
        head_tanh = jnp.tanh(head_multiply)  # float32[2, 16, 64]
        head_multiply_2 = head_tanh * 15.0  # float32[2, 16, 64]
    with jax.named_scope("loss"):
        loss_reshape = head_multiply_2.reshape((32, 64))  # float32[32, 64]
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
        grad_head_multiply = grad_loss_reshape_4 * 15.0  # float32[2, 16, 64]
        grad_head_multiply_2 = head_tanh * head_tanh  # float32[2, 16, 64]
        grad_head_subtract = 1.0 - grad_head_multiply_2  # float32[2, 16, 64]
        grad_head_multiply_3 = grad_head_multiply * grad_head_subtract  # float32[2, 16, 64]
        grad_head_multiply_4 = grad_head_multiply_3 * 0.06666666666666667  # float32[2, 16, 64]
        grad_head_reshape = grad_head_multiply_4.reshape((32, 64))  # float32[32, 64]
        grad_head_matmul = grad_head_reshape @ state["head"]  # float32[32, 32]
        grad_head_matmul_2 = grad_head_reshape.T @ head_reshape  # float32[64, 32]
        grad_head_reshape_2 = grad_head_matmul.reshape((2, 16, 32))  # float32[2, 16, 32]
        grad_head_multiply_5 = grad_head_reshape_2 * head_rms_norm  # float32[2, 16, 32]
        grad_head_reduce_sum = jnp.sum(grad_head_multiply_5, axis=(2,))  # float32[2, 16]
        grad_head_multiply_6 = grad_head_reduce_sum * 0.03125  # float32[2, 16]
        grad_head_reshape_3 = grad_head_multiply_6.reshape((2, 16, 1))  # float32[2, 16, 1]
        grad_head_multiply_7 = head_rms_norm * grad_head_reshape_3  # float32[2, 16, 32]
        grad_head_subtract_2 = grad_head_reshape_2 - grad_head_multiply_7  # float32[2, 16, 32]
        grad_head_multiply_8 = last_blocks_add * last_blocks_add  # float32[2, 16, 32]
        grad_head_reduce_sum_2 = jnp.sum(grad_head_multiply_8, axis=(2,))  # float32[2, 16]
        grad_head_multiply_9 = grad_head_reduce_sum_2 * 0.03125  # float32[2, 16]
        grad_head_add = grad_head_multiply_9 + 0.000001  # float32[2, 16]
        grad_head_sqrt = jnp.sqrt(grad_head_add)  # float32[2, 16]
        grad_head_reciprocal = 1.0 / grad_head_sqrt  # float32[2, 16]
        grad_head_reshape_4 = grad_head_reciprocal.reshape((2, 16, 1))  # float32[2, 16, 1]
        grad_head_multiply_10 = grad_head_subtract_2 * grad_head_reshape_4  # float32[2, 16, 32]
    with jax.named_scope("blocks.3.attention"):
        grad_attention_reshape = jnp.arange(16, dtype=jnp.int32).reshape((16, 1))  # int32[16, 1]
        grad_attention_add = grad_attention_reshape + 0  # int32[16, 1]
        grad_attention_reshape_2 = jnp.arange(16, dtype=jnp.int32).reshape((1, 16))  # int32[1, 16]
        grad_attention_add_2 = grad_attention_reshape_2 + 0  # int32[1, 16]
        grad_attention_less_or_equal = grad_attention_add_2 <= grad_attention_add  # bool[16, 16]
        grad_attention_where = jnp.where(grad_attention_less_or_equal, jnp.float32(0.0), jnp.float32(-1e+30))  # float32[16, 16]
        grad_attention_negate = -positions_sin  # float32[16, 16]

    def blocks_backward(grad_attention_add_3, layer):
        (
            mlp_down_2,  # float32[32, 128]
            mlp_reshape_5,  # float32[32, 128]
            mlp_reshape_6,  # float32[2, 16, 128]
            mlp_up_2,  # float32[128, 32]
            mlp_reshape_7,  # float32[32, 32]
            mlp_rms_norm_2,  # float32[2, 16, 32]
            blocks_add_4,  # float32[2, 16, 32]
            attention_output_2,  # float32[32, 32]
            attention_reshape_11,  # float32[32, 32]
            attention_attention_2,  # float32[2, 1, 16, 32]
            attention_rms_norm_4,  # float32[2, 1, 16, 32]
            attention_rms_norm_5,  # float32[2, 1, 16, 32]
            attention_transpose_5,  # float32[2, 1, 16, 32]
            attention_value_2,  # float32[32, 32]
            attention_reshape_12,  # float32[32, 32]
            attention_rotary_embedding_3,  # float32[2, 1, 16, 32]
            attention_key_2,  # float32[32, 32]
            attention_rotary_embedding_4,  # float32[2, 1, 16, 32]
            attention_query_2,  # float32[32, 32]
            attention_rms_norm_6,  # float32[2, 16, 32]
            blocks_add_5,  # float32[2, 16, 32]
        ) = layer
        grad_attention_add_3 = shard_rows(grad_attention_add_3)
        with jax.named_scope("mlp"):
            grad_mlp_reshape = grad_attention_add_3.reshape((32, 32))  # float32[32, 32]
            grad_mlp_matmul = grad_mlp_reshape @ mlp_down_2  # float32[32, 128]
            grad_mlp_matmul_2 = grad_mlp_reshape.T @ mlp_reshape_5  # float32[32, 128]
            grad_mlp_reshape_2 = grad_mlp_matmul.reshape((2, 16, 128))  # float32[2, 16, 128]
            grad_mlp_relu = jax.nn.relu(mlp_reshape_6)  # float32[2, 16, 128]
            grad_mlp_multiply = grad_mlp_relu * 2.0  # float32[2, 16, 128]
            grad_mlp_multiply_2 = grad_mlp_reshape_2 * grad_mlp_multiply  # float32[2, 16, 128]
            grad_mlp_reshape_3 = grad_mlp_multiply_2.reshape((32, 128))  # float32[32, 128]
            grad_mlp_matmul_3 = grad_mlp_reshape_3 @ mlp_up_2  # float32[32, 32]
            grad_mlp_matmul_4 = grad_mlp_reshape_3.T @ mlp_reshape_7  # float32[128, 32]
            grad_mlp_reshape_4 = grad_mlp_matmul_3.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_mlp_multiply_3 = grad_mlp_reshape_4 * mlp_rms_norm_2  # float32[2, 16, 32]
            grad_mlp_reduce_sum = jnp.sum(grad_mlp_multiply_3, axis=(2,))  # float32[2, 16]
            grad_mlp_multiply_4 = grad_mlp_reduce_sum * 0.03125  # float32[2, 16]
            grad_mlp_reshape_5 = grad_mlp_multiply_4.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_mlp_multiply_5 = mlp_rms_norm_2 * grad_mlp_reshape_5  # float32[2, 16, 32]
            grad_mlp_subtract = grad_mlp_reshape_4 - grad_mlp_multiply_5  # float32[2, 16, 32]
            grad_mlp_multiply_6 = blocks_add_4 * blocks_add_4  # float32[2, 16, 32]
            grad_mlp_reduce_sum_2 = jnp.sum(grad_mlp_multiply_6, axis=(2,))  # float32[2, 16]
            grad_mlp_multiply_7 = grad_mlp_reduce_sum_2 * 0.03125  # float32[2, 16]
            grad_mlp_add = grad_mlp_multiply_7 + 0.000001  # float32[2, 16]
            grad_mlp_sqrt = jnp.sqrt(grad_mlp_add)  # float32[2, 16]
            grad_mlp_reciprocal = 1.0 / grad_mlp_sqrt  # float32[2, 16]
            grad_mlp_reshape_6 = grad_mlp_reciprocal.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_mlp_multiply_8 = grad_mlp_subtract * grad_mlp_reshape_6  # float32[2, 16, 32]
            grad_mlp_add_2 = grad_attention_add_3 + grad_mlp_multiply_8  # float32[2, 16, 32]
        with jax.named_scope("attention"):
            grad_attention_reshape_3 = grad_mlp_add_2.reshape((32, 32))  # float32[32, 32]
            grad_attention_matmul = grad_attention_reshape_3 @ attention_output_2  # float32[32, 32]
            grad_attention_matmul_2 = grad_attention_reshape_3.T @ attention_reshape_11  # float32[32, 32]
            grad_attention_reshape_4 = grad_attention_matmul.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_reshape_5 = grad_attention_reshape_4.reshape((2, 16, 1, 32))  # float32[2, 16, 1, 32]
            grad_attention_transpose = grad_attention_reshape_5.transpose((0, 2, 1, 3))  # float32[2, 1, 16, 32]
            grad_attention_multiply = grad_attention_transpose * attention_attention_2  # float32[2, 1, 16, 32]
            grad_attention_reduce_sum = jnp.sum(grad_attention_multiply, axis=(3,), keepdims=True)  # float32[2, 1, 16, 1]
            grad_attention_multiply_2 = attention_rms_norm_4 * 0.1767766952966369  # float32[2, 1, 16, 32]
            grad_attention_matmul_3 = grad_attention_multiply_2 @ jnp.swapaxes(attention_rms_norm_5, -1, -2)  # float32[2, 1, 16, 16]
            grad_attention_reshape_6 = grad_attention_matmul_3.reshape((2, 1, 1, 16, 16))  # float32[2, 1, 1, 16, 16]
            grad_attention_add_4 = grad_attention_reshape_6 + grad_attention_where  # float32[2, 1, 1, 16, 16]
            grad_attention_reshape_7 = grad_attention_add_4.reshape((2, 1, 16, 16))  # float32[2, 1, 16, 16]
            grad_attention_softmax = jax.nn.softmax(grad_attention_reshape_7, axis=3)  # float32[2, 1, 16, 16]
            grad_attention_matmul_4 = grad_attention_transpose @ jnp.swapaxes(attention_transpose_5, -1, -2)  # float32[2, 1, 16, 16]
            grad_attention_subtract = grad_attention_matmul_4 - grad_attention_reduce_sum  # float32[2, 1, 16, 16]
            grad_attention_multiply_3 = grad_attention_softmax * grad_attention_subtract  # float32[2, 1, 16, 16]
            grad_attention_matmul_5 = grad_attention_multiply_3 @ attention_rms_norm_5  # float32[2, 1, 16, 32]
            grad_attention_multiply_4 = grad_attention_matmul_5 * 0.1767766952966369  # float32[2, 1, 16, 32]
            grad_attention_matmul_6 = jnp.swapaxes(grad_attention_multiply_3, -1, -2) @ grad_attention_multiply_2  # float32[2, 1, 16, 32]
            grad_attention_matmul_7 = jnp.swapaxes(grad_attention_softmax, -1, -2) @ grad_attention_transpose  # float32[2, 1, 16, 32]
            grad_attention_transpose_2 = grad_attention_matmul_7.transpose((0, 2, 1, 3))  # float32[2, 16, 1, 32]
            grad_attention_reshape_8 = grad_attention_transpose_2.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_reshape_9 = grad_attention_reshape_8.reshape((32, 32))  # float32[32, 32]
            grad_attention_matmul_8 = grad_attention_reshape_9 @ attention_value_2  # float32[32, 32]
            grad_attention_matmul_9 = grad_attention_reshape_9.T @ attention_reshape_12  # float32[32, 32]
            grad_attention_reshape_10 = grad_attention_matmul_8.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_multiply_5 = grad_attention_matmul_6 * attention_rms_norm_5  # float32[2, 1, 16, 32]
            grad_attention_reduce_sum_2 = jnp.sum(grad_attention_multiply_5, axis=(3,))  # float32[2, 1, 16]
            grad_attention_multiply_6 = grad_attention_reduce_sum_2 * 0.03125  # float32[2, 1, 16]
            grad_attention_reshape_11 = grad_attention_multiply_6.reshape((2, 1, 16, 1))  # float32[2, 1, 16, 1]
            grad_attention_multiply_7 = attention_rms_norm_5 * grad_attention_reshape_11  # float32[2, 1, 16, 32]
            grad_attention_subtract_2 = grad_attention_matmul_6 - grad_attention_multiply_7  # float32[2, 1, 16, 32]
            grad_attention_multiply_8 = attention_rotary_embedding_3 * attention_rotary_embedding_3  # float32[2, 1, 16, 32]
            grad_attention_reduce_sum_3 = jnp.sum(grad_attention_multiply_8, axis=(3,))  # float32[2, 1, 16]
            grad_attention_multiply_9 = grad_attention_reduce_sum_3 * 0.03125  # float32[2, 1, 16]
            grad_attention_add_5 = grad_attention_multiply_9 + 0.000001  # float32[2, 1, 16]
            grad_attention_sqrt = jnp.sqrt(grad_attention_add_5)  # float32[2, 1, 16]
            grad_attention_reciprocal = 1.0 / grad_attention_sqrt  # float32[2, 1, 16]
            grad_attention_reshape_12 = grad_attention_reciprocal.reshape((2, 1, 16, 1))  # float32[2, 1, 16, 1]
            grad_attention_multiply_10 = grad_attention_subtract_2 * grad_attention_reshape_12  # float32[2, 1, 16, 32]
            grad_attention_rotary_embedding = rotary_embedding(grad_attention_multiply_10, positions_cos, grad_attention_negate)  # float32[2, 1, 16, 32]
            grad_attention_transpose_3 = grad_attention_rotary_embedding.transpose((0, 2, 1, 3))  # float32[2, 16, 1, 32]
            grad_attention_reshape_13 = grad_attention_transpose_3.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_reshape_14 = grad_attention_reshape_13.reshape((32, 32))  # float32[32, 32]
            grad_attention_matmul_10 = grad_attention_reshape_14 @ attention_key_2  # float32[32, 32]
            grad_attention_matmul_11 = grad_attention_reshape_14.T @ attention_reshape_12  # float32[32, 32]
            grad_attention_reshape_15 = grad_attention_matmul_10.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_add_6 = grad_attention_reshape_10 + grad_attention_reshape_15  # float32[2, 16, 32]
            grad_attention_multiply_11 = grad_attention_multiply_4 * attention_rms_norm_4  # float32[2, 1, 16, 32]
            grad_attention_reduce_sum_4 = jnp.sum(grad_attention_multiply_11, axis=(3,))  # float32[2, 1, 16]
            grad_attention_multiply_12 = grad_attention_reduce_sum_4 * 0.03125  # float32[2, 1, 16]
            grad_attention_reshape_16 = grad_attention_multiply_12.reshape((2, 1, 16, 1))  # float32[2, 1, 16, 1]
            grad_attention_multiply_13 = attention_rms_norm_4 * grad_attention_reshape_16  # float32[2, 1, 16, 32]
            grad_attention_subtract_3 = grad_attention_multiply_4 - grad_attention_multiply_13  # float32[2, 1, 16, 32]
            grad_attention_multiply_14 = attention_rotary_embedding_4 * attention_rotary_embedding_4  # float32[2, 1, 16, 32]
            grad_attention_reduce_sum_5 = jnp.sum(grad_attention_multiply_14, axis=(3,))  # float32[2, 1, 16]
            grad_attention_multiply_15 = grad_attention_reduce_sum_5 * 0.03125  # float32[2, 1, 16]
            grad_attention_add_7 = grad_attention_multiply_15 + 0.000001  # float32[2, 1, 16]
            grad_attention_sqrt_2 = jnp.sqrt(grad_attention_add_7)  # float32[2, 1, 16]
            grad_attention_reciprocal_2 = 1.0 / grad_attention_sqrt_2  # float32[2, 1, 16]
            grad_attention_reshape_17 = grad_attention_reciprocal_2.reshape((2, 1, 16, 1))  # float32[2, 1, 16, 1]
            grad_attention_multiply_16 = grad_attention_subtract_3 * grad_attention_reshape_17  # float32[2, 1, 16, 32]
            grad_attention_rotary_embedding_2 = rotary_embedding(grad_attention_multiply_16, positions_cos, grad_attention_negate)  # float32[2, 1, 16, 32]
            grad_attention_transpose_4 = grad_attention_rotary_embedding_2.transpose((0, 2, 1, 3))  # float32[2, 16, 1, 32]
            grad_attention_reshape_18 = grad_attention_transpose_4.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_reshape_19 = grad_attention_reshape_18.reshape((32, 32))  # float32[32, 32]
            grad_attention_matmul_12 = grad_attention_reshape_19 @ attention_query_2  # float32[32, 32]
            grad_attention_matmul_13 = grad_attention_reshape_19.T @ attention_reshape_12  # float32[32, 32]
            grad_attention_reshape_20 = grad_attention_matmul_12.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_add_8 = grad_attention_add_6 + grad_attention_reshape_20  # float32[2, 16, 32]
            grad_attention_multiply_17 = grad_attention_add_8 * attention_rms_norm_6  # float32[2, 16, 32]
            grad_attention_reduce_sum_6 = jnp.sum(grad_attention_multiply_17, axis=(2,))  # float32[2, 16]
            grad_attention_multiply_18 = grad_attention_reduce_sum_6 * 0.03125  # float32[2, 16]
            grad_attention_reshape_21 = grad_attention_multiply_18.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_attention_multiply_19 = attention_rms_norm_6 * grad_attention_reshape_21  # float32[2, 16, 32]
            grad_attention_subtract_4 = grad_attention_add_8 - grad_attention_multiply_19  # float32[2, 16, 32]
            grad_attention_multiply_20 = blocks_add_5 * blocks_add_5  # float32[2, 16, 32]
            grad_attention_reduce_sum_7 = jnp.sum(grad_attention_multiply_20, axis=(2,))  # float32[2, 16]
            grad_attention_multiply_21 = grad_attention_reduce_sum_7 * 0.03125  # float32[2, 16]
            grad_attention_add_9 = grad_attention_multiply_21 + 0.000001  # float32[2, 16]
            grad_attention_sqrt_3 = jnp.sqrt(grad_attention_add_9)  # float32[2, 16]
            grad_attention_reciprocal_3 = 1.0 / grad_attention_sqrt_3  # float32[2, 16]
            grad_attention_reshape_22 = grad_attention_reciprocal_3.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_attention_multiply_22 = grad_attention_subtract_4 * grad_attention_reshape_22  # float32[2, 16, 32]
            grad_attention_add_10 = grad_mlp_add_2 + grad_attention_multiply_22  # float32[2, 16, 32]
        return grad_attention_add_10, (
            grad_attention_matmul_13,
            grad_attention_matmul_11,
            grad_attention_matmul_9,
            grad_attention_matmul_2,
            grad_mlp_matmul_4,
            grad_mlp_matmul_2,
        )

    with jax.named_scope("blocks"):
        last_grad_attention_add_3, (
            all_grad_attention_matmul_13,
            all_grad_attention_matmul_11,
            all_grad_attention_matmul_9,
            all_grad_attention_matmul_2,
            all_grad_mlp_matmul_4,
            all_grad_mlp_matmul_2,
        ) = jax.lax.scan(
            blocks_backward,
            grad_head_multiply_10,
            (
                state["blocks.*.mlp.down"],
                all_mlp_reshape_3,
                all_mlp_reshape_2,
                state["blocks.*.mlp.up"],
                all_mlp_reshape,
                all_mlp_rms_norm,
                all_blocks_add_2,
                state["blocks.*.attention.output"],
                all_attention_reshape_9,
                all_attention_attention,
                all_attention_rms_norm_2,
                all_attention_rms_norm_3,
                all_attention_transpose_3,
                state["blocks.*.attention.value"],
                all_attention_reshape,
                all_attention_rotary_embedding_2,
                state["blocks.*.attention.key"],
                all_attention_rotary_embedding,
                state["blocks.*.attention.query"],
                all_attention_rms_norm,
                all_blocks_add_before,
            ),
            reverse=True,
        )
    with jax.named_scope("embedding"):
        grad_embedding_multiply = last_grad_attention_add_3 * embedding_rms_norm  # float32[2, 16, 32]
        grad_embedding_reduce_sum = jnp.sum(grad_embedding_multiply, axis=(2,))  # float32[2, 16]
        grad_embedding_multiply_2 = grad_embedding_reduce_sum * 0.03125  # float32[2, 16]
        grad_embedding_reshape = grad_embedding_multiply_2.reshape((2, 16, 1))  # float32[2, 16, 1]
        grad_embedding_multiply_3 = embedding_rms_norm * grad_embedding_reshape  # float32[2, 16, 32]
        grad_embedding_subtract = last_grad_attention_add_3 - grad_embedding_multiply_3  # float32[2, 16, 32]
        grad_embedding_multiply_4 = embedding_gather_rows * embedding_gather_rows  # float32[2, 16, 32]
        grad_embedding_reduce_sum_2 = jnp.sum(grad_embedding_multiply_4, axis=(2,))  # float32[2, 16]
        grad_embedding_multiply_5 = grad_embedding_reduce_sum_2 * 0.03125  # float32[2, 16]
        grad_embedding_add = grad_embedding_multiply_5 + 0.000001  # float32[2, 16]
        grad_embedding_sqrt = jnp.sqrt(grad_embedding_add)  # float32[2, 16]
        grad_embedding_reciprocal = 1.0 / grad_embedding_sqrt  # float32[2, 16]
        grad_embedding_reshape_2 = grad_embedding_reciprocal.reshape((2, 16, 1))  # float32[2, 16, 1]
        grad_embedding_multiply_6 = grad_embedding_subtract * grad_embedding_reshape_2  # float32[2, 16, 32]
        grad_embedding_scatter_add_rows = jnp.full((64, 32), 0.0, jnp.float32).at[inputs["tokens"]].add(grad_embedding_multiply_6)  # float32[64, 32]
    with jax.named_scope("optimizer.embedding"):
        embedding_multiply = grad_embedding_scatter_add_rows * grad_embedding_scatter_add_rows  # float32[64, 32]
        embedding_reduce_sum = jnp.sum(embedding_multiply, axis=(0, 1))  # float32[]

    def blocks_update(layer):
        (
            grad_attention_matmul_14,  # float32[32, 32]
            grad_attention_matmul_15,  # float32[32, 32]
            grad_attention_matmul_16,  # float32[32, 32]
            grad_attention_matmul_17,  # float32[32, 32]
            grad_mlp_matmul_5,  # float32[128, 32]
            grad_mlp_matmul_6,  # float32[32, 128]
        ) = layer
        with jax.named_scope("attention.query"):
            query_multiply = grad_attention_matmul_14 * grad_attention_matmul_14  # float32[32, 32]
            query_reduce_sum = jnp.sum(query_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.key"):
            key_multiply = grad_attention_matmul_15 * grad_attention_matmul_15  # float32[32, 32]
            key_reduce_sum = jnp.sum(key_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.value"):
            value_multiply = grad_attention_matmul_16 * grad_attention_matmul_16  # float32[32, 32]
            value_reduce_sum = jnp.sum(value_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.output"):
            output_multiply = grad_attention_matmul_17 * grad_attention_matmul_17  # float32[32, 32]
            output_reduce_sum = jnp.sum(output_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("mlp.up"):
            up_multiply = grad_mlp_matmul_5 * grad_mlp_matmul_5  # float32[128, 32]
            up_reduce_sum = jnp.sum(up_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("mlp.down"):
            down_multiply = grad_mlp_matmul_6 * grad_mlp_matmul_6  # float32[32, 128]
            down_reduce_sum = jnp.sum(down_multiply, axis=(0, 1))  # float32[]
        return (
            query_reduce_sum,
            key_reduce_sum,
            value_reduce_sum,
            output_reduce_sum,
            up_reduce_sum,
            down_reduce_sum,
        )

    with jax.named_scope("optimizer.blocks"):
        (
            all_query_reduce_sum,
            all_key_reduce_sum,
            all_value_reduce_sum,
            all_output_reduce_sum,
            all_up_reduce_sum,
            all_down_reduce_sum,
        ) = jax.vmap(blocks_update)(
            (
                all_grad_attention_matmul_13,
                all_grad_attention_matmul_11,
                all_grad_attention_matmul_9,
                all_grad_attention_matmul_2,
                all_grad_mlp_matmul_4,
                all_grad_mlp_matmul_2,
            ),
        )
    with jax.named_scope("optimizer.head"):
        head_multiply_3 = grad_head_matmul_2 * grad_head_matmul_2  # float32[64, 32]
        head_reduce_sum = jnp.sum(head_multiply_3, axis=(0, 1))  # float32[]

    def blocks_update_2(down_add, layer):
        (
            query_reduce_sum_2,  # float32[]
            key_reduce_sum_2,  # float32[]
            value_reduce_sum_2,  # float32[]
            output_reduce_sum_2,  # float32[]
            up_reduce_sum_2,  # float32[]
            down_reduce_sum_2,  # float32[]
        ) = layer
        with jax.named_scope("attention.query"):
            query_add = down_add + query_reduce_sum_2  # float32[]
        with jax.named_scope("attention.key"):
            key_add = query_add + key_reduce_sum_2  # float32[]
        with jax.named_scope("attention.value"):
            value_add = key_add + value_reduce_sum_2  # float32[]
        with jax.named_scope("attention.output"):
            output_add = value_add + output_reduce_sum_2  # float32[]
        with jax.named_scope("mlp.up"):
            up_add = output_add + up_reduce_sum_2  # float32[]
        with jax.named_scope("mlp.down"):
            down_add_2 = up_add + down_reduce_sum_2  # float32[]
        return down_add_2, None

    with jax.named_scope("optimizer.blocks"):
        last_down_add, _ = jax.lax.scan(
            blocks_update_2,
            embedding_reduce_sum,
            (
                all_query_reduce_sum,
                all_key_reduce_sum,
                all_value_reduce_sum,
                all_output_reduce_sum,
                all_up_reduce_sum,
                all_down_reduce_sum,
            ),
            unroll=True,
        )
    with jax.named_scope("optimizer.head"):
        head_add = last_down_add + head_reduce_sum  # float32[]
    with jax.named_scope("optimizer"):
        optimizer_sqrt = jnp.sqrt(head_add)  # float32[]
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
        optimizer_multiply_2 = state["optimizer.groups.1.firstCorrection"] * 0.8  # float32[]
        optimizer_add_2 = optimizer_multiply_2 + 0.19999999999999996  # float32[]
        optimizer_multiply_3 = state["optimizer.groups.1.secondCorrection"] * 0.95  # float32[]
        optimizer_add_3 = optimizer_multiply_3 + 0.050000000000000044  # float32[]
        optimizer_where_3 = jnp.where(optimizer_and_2, optimizer_add_2, state["optimizer.groups.1.firstCorrection"])  # float32[]
        optimizer_where_4 = jnp.where(optimizer_and_2, optimizer_add_3, state["optimizer.groups.1.secondCorrection"])  # float32[]
        optimizer_multiply_4 = state["optimizer.groups.2.firstCorrection"] * 0.8  # float32[]
        optimizer_add_4 = optimizer_multiply_4 + 0.19999999999999996  # float32[]
        optimizer_multiply_5 = state["optimizer.groups.2.secondCorrection"] * 0.95  # float32[]
        optimizer_add_5 = optimizer_multiply_5 + 0.050000000000000044  # float32[]
        optimizer_where_5 = jnp.where(optimizer_and_2, optimizer_add_4, state["optimizer.groups.2.firstCorrection"])  # float32[]
        optimizer_where_6 = jnp.where(optimizer_and_2, optimizer_add_5, state["optimizer.groups.2.secondCorrection"])  # float32[]
    with jax.named_scope("optimizer.embedding"):
        embedding_where = jnp.where(optimizer_and_2, grad_embedding_scatter_add_rows, 0.0)  # float32[64, 32]
    with jax.named_scope("optimizer"):
        optimizer_sqrt_2 = jnp.sqrt(optimizer_add_3)  # float32[]
        optimizer_multiply_6 = inputs["scheduleFactor"] * 0.9797958971132712  # float32[]
        optimizer_multiply_7 = optimizer_multiply_6 * optimizer_sqrt_2  # float32[]
        optimizer_divide_2 = optimizer_multiply_7 / optimizer_add_2  # float32[]
        optimizer_where_7 = jnp.where(optimizer_and_2, jnp.float32(0.8), jnp.float32(1.0))  # float32[]
        optimizer_multiply_8 = optimizer_where * 0.19999999999999996  # float32[]
        optimizer_where_8 = jnp.where(optimizer_and_2, jnp.float32(0.95), jnp.float32(1.0))  # float32[]
        optimizer_multiply_9 = optimizer_where * optimizer_where  # float32[]
        optimizer_multiply_10 = optimizer_multiply_9 * 0.050000000000000044  # float32[]
        optimizer_where_9 = jnp.where(optimizer_and_2, optimizer_multiply_10, -1.0)  # float32[]
        optimizer_where_10 = jnp.where(optimizer_and_2, optimizer_divide_2, 0.0)  # float32[]
        optimizer_multiply_11 = optimizer_sqrt_2 * 1e-10  # float32[]
    with jax.named_scope("optimizer.embedding"):
        embedding_multiply_2 = state["optimizer.embedding.firstMoment"] * optimizer_where_7  # float32[64, 32]
        embedding_multiply_3 = embedding_where * optimizer_multiply_8  # float32[64, 32]
        embedding_add = embedding_multiply_2 + embedding_multiply_3  # float32[64, 32]
        embedding_multiply_4 = state["optimizer.embedding.secondMoment"] * optimizer_where_8  # float32[64, 32]
        embedding_multiply_5 = embedding_where * embedding_where  # float32[64, 32]
        embedding_multiply_6 = embedding_multiply_5 * optimizer_where_9  # float32[64, 32]
        embedding_add_2 = embedding_multiply_4 + embedding_multiply_6  # float32[64, 32]
        embedding_multiply_7 = embedding_add * optimizer_where_10  # float32[64, 32]
        embedding_add_3 = embedding_multiply_7 + optimizer_multiply  # float32[64, 32]
        embedding_sqrt = jnp.sqrt(embedding_add_2)  # float32[64, 32]
        embedding_add_4 = embedding_sqrt + optimizer_multiply_11  # float32[64, 32]
        embedding_divide = embedding_add_3 / embedding_add_4  # float32[64, 32]
        embedding_subtract = state["embedding"] - embedding_divide  # float32[64, 32]

    def blocks_update_3(layer):
        (
            grad_attention_matmul_18,  # float32[32, 32]
            attention_query_first_moment,  # float32[32, 32]
            grad_attention_matmul_19,  # float32[32, 32]
            attention_key_first_moment,  # float32[32, 32]
            grad_attention_matmul_20,  # float32[32, 32]
            attention_value_first_moment,  # float32[32, 32]
            grad_attention_matmul_21,  # float32[32, 32]
            attention_output_first_moment,  # float32[32, 32]
            grad_mlp_matmul_7,  # float32[128, 32]
            mlp_up_first_moment,  # float32[128, 32]
            grad_mlp_matmul_8,  # float32[32, 128]
            mlp_down_first_moment,  # float32[32, 128]
        ) = layer
        with jax.named_scope("attention.query"):
            query_where = jnp.where(optimizer_and_2, grad_attention_matmul_18, 0.0)  # float32[32, 32]
            query_multiply_2 = query_where * optimizer_where  # float32[32, 32]
            query_multiply_3 = attention_query_first_moment * optimizer_where_8  # float32[32, 32]
            query_add_2 = query_multiply_3 + query_multiply_2  # float32[32, 32]
            query_multiply_4 = query_add_2 * 0.95  # float32[32, 32]
            query_add_3 = query_multiply_2 + query_multiply_4  # float32[32, 32]
        with jax.named_scope("attention.key"):
            key_where = jnp.where(optimizer_and_2, grad_attention_matmul_19, 0.0)  # float32[32, 32]
            key_multiply_2 = key_where * optimizer_where  # float32[32, 32]
            key_multiply_3 = attention_key_first_moment * optimizer_where_8  # float32[32, 32]
            key_add_2 = key_multiply_3 + key_multiply_2  # float32[32, 32]
            key_multiply_4 = key_add_2 * 0.95  # float32[32, 32]
            key_add_3 = key_multiply_2 + key_multiply_4  # float32[32, 32]
        with jax.named_scope("attention.value"):
            value_where = jnp.where(optimizer_and_2, grad_attention_matmul_20, 0.0)  # float32[32, 32]
            value_multiply_2 = value_where * optimizer_where  # float32[32, 32]
            value_multiply_3 = attention_value_first_moment * optimizer_where_8  # float32[32, 32]
            value_add_2 = value_multiply_3 + value_multiply_2  # float32[32, 32]
            value_multiply_4 = value_add_2 * 0.95  # float32[32, 32]
            value_add_3 = value_multiply_2 + value_multiply_4  # float32[32, 32]
        with jax.named_scope("attention.output"):
            output_where = jnp.where(optimizer_and_2, grad_attention_matmul_21, 0.0)  # float32[32, 32]
            output_multiply_2 = output_where * optimizer_where  # float32[32, 32]
            output_multiply_3 = attention_output_first_moment * optimizer_where_8  # float32[32, 32]
            output_add_2 = output_multiply_3 + output_multiply_2  # float32[32, 32]
            output_multiply_4 = output_add_2 * 0.95  # float32[32, 32]
            output_add_3 = output_multiply_2 + output_multiply_4  # float32[32, 32]
        with jax.named_scope("mlp.up"):
            up_where = jnp.where(optimizer_and_2, grad_mlp_matmul_7, 0.0)  # float32[128, 32]
            up_multiply_2 = up_where * optimizer_where  # float32[128, 32]
            up_multiply_3 = mlp_up_first_moment * optimizer_where_8  # float32[128, 32]
            up_add_2 = up_multiply_3 + up_multiply_2  # float32[128, 32]
            up_multiply_4 = up_add_2 * 0.95  # float32[128, 32]
            up_add_3 = up_multiply_2 + up_multiply_4  # float32[128, 32]
        with jax.named_scope("mlp.down"):
            down_where = jnp.where(optimizer_and_2, grad_mlp_matmul_8, 0.0)  # float32[32, 128]
            down_multiply_2 = down_where * optimizer_where  # float32[32, 128]
            down_multiply_3 = mlp_down_first_moment * optimizer_where_8  # float32[32, 128]
            down_add_3 = down_multiply_3 + down_multiply_2  # float32[32, 128]
            down_multiply_4 = down_add_3 * 0.95  # float32[32, 128]
            down_add_4 = down_multiply_2 + down_multiply_4  # float32[32, 128]
        return (
            query_add_3,
            key_add_3,
            value_add_3,
            output_add_3,
            up_add_3,
            down_add_4,
            query_add_2,
            key_add_2,
            value_add_2,
            output_add_2,
            up_add_2,
            down_add_3,
        )

    with jax.named_scope("optimizer.blocks"):
        (
            all_query_add_3,
            all_key_add_3,
            all_value_add_3,
            all_output_add_3,
            all_up_add_3,
            all_down_add_4,
            all_query_add_2,
            all_key_add_2,
            all_value_add_2,
            all_output_add_2,
            all_up_add_2,
            all_down_add_3,
        ) = jax.vmap(blocks_update_3)(
            (
                all_grad_attention_matmul_13,
                state["optimizer.blocks.*.attention.query.firstMoment"],
                all_grad_attention_matmul_11,
                state["optimizer.blocks.*.attention.key.firstMoment"],
                all_grad_attention_matmul_9,
                state["optimizer.blocks.*.attention.value.firstMoment"],
                all_grad_attention_matmul_2,
                state["optimizer.blocks.*.attention.output.firstMoment"],
                all_grad_mlp_matmul_4,
                state["optimizer.blocks.*.mlp.up.firstMoment"],
                all_grad_mlp_matmul_2,
                state["optimizer.blocks.*.mlp.down.firstMoment"],
            ),
        )
    with jax.named_scope("optimizer.head"):
        head_where = jnp.where(optimizer_and_2, grad_head_matmul_2, 0.0)  # float32[64, 32]
    with jax.named_scope("optimizer"):
        optimizer_sqrt_3 = jnp.sqrt(optimizer_add_5)  # float32[]
        optimizer_multiply_12 = inputs["scheduleFactor"] * 0.019595917942265423  # float32[]
        optimizer_multiply_13 = optimizer_multiply_12 * optimizer_sqrt_3  # float32[]
        optimizer_divide_3 = optimizer_multiply_13 / optimizer_add_4  # float32[]
        optimizer_where_11 = jnp.where(optimizer_and_2, optimizer_divide_3, 0.0)  # float32[]
        optimizer_multiply_14 = optimizer_sqrt_3 * 1e-10  # float32[]
    with jax.named_scope("optimizer.head"):
        head_multiply_4 = state["optimizer.head.firstMoment"] * optimizer_where_7  # float32[64, 32]
        head_multiply_5 = head_where * optimizer_multiply_8  # float32[64, 32]
        head_add_2 = head_multiply_4 + head_multiply_5  # float32[64, 32]
        head_multiply_6 = state["optimizer.head.secondMoment"] * optimizer_where_8  # float32[64, 32]
        head_multiply_7 = head_where * head_where  # float32[64, 32]
        head_multiply_8 = head_multiply_7 * optimizer_where_9  # float32[64, 32]
        head_add_3 = head_multiply_6 + head_multiply_8  # float32[64, 32]
        head_multiply_9 = head_add_2 * optimizer_where_11  # float32[64, 32]
        head_add_4 = head_multiply_9 + optimizer_multiply  # float32[64, 32]
        head_sqrt = jnp.sqrt(head_add_3)  # float32[64, 32]
        head_add_5 = head_sqrt + optimizer_multiply_14  # float32[64, 32]
        head_divide = head_add_4 / head_add_5  # float32[64, 32]
        head_subtract = state["head"] - head_divide  # float32[64, 32]

    def blocks_update_4(layer):
        (
            query_add_4,  # float32[32, 32]
            key_add_4,  # float32[32, 32]
            value_add_4,  # float32[32, 32]
            output_add_4,  # float32[32, 32]
        ) = layer
        with jax.named_scope("attention.query"):
            query_reshape = query_add_4.reshape((1, 32, 32))  # float32[1, 32, 32]
        with jax.named_scope("attention.key"):
            key_reshape = key_add_4.reshape((1, 32, 32))  # float32[1, 32, 32]
        with jax.named_scope("attention.value"):
            value_reshape = value_add_4.reshape((1, 32, 32))  # float32[1, 32, 32]
        with jax.named_scope("attention.output"):
            output_reshape = output_add_4.reshape((1, 32, 32))  # float32[1, 32, 32]
        return (
            query_reshape,
            key_reshape,
            value_reshape,
            output_reshape,
        )

    with jax.named_scope("optimizer.blocks"):
        (
            all_query_reshape,
            all_key_reshape,
            all_value_reshape,
            all_output_reshape,
        ) = jax.vmap(blocks_update_4)(
            (
                all_query_add_3,
                all_key_add_3,
                all_value_add_3,
                all_output_add_3,
            ),
        )
    with jax.named_scope("optimizer"):
        optimizer_concatenate = jnp.stack([all_query_reshape, all_key_reshape, all_value_reshape, all_output_reshape], axis=1).reshape((16, 1, 32, 32)).reshape((16, 32, 32))  # float32[16, 32, 32]
        optimizer_multiply_15 = optimizer_concatenate * optimizer_concatenate  # float32[16, 32, 32]
        optimizer_reduce_sum = jnp.sum(optimizer_multiply_15, axis=(1, 2), keepdims=True)  # float32[16, 1, 1]
        optimizer_sqrt_4 = jnp.sqrt(optimizer_reduce_sum)  # float32[16, 1, 1]
        optimizer_add_6 = optimizer_sqrt_4 + 1e-7  # float32[16, 1, 1]
        optimizer_reciprocal = 1.0 / optimizer_add_6  # float32[16, 1, 1]
        optimizer_multiply_16 = optimizer_concatenate * optimizer_reciprocal  # float32[16, 32, 32]
        optimizer_matmul = optimizer_multiply_16 @ jnp.swapaxes(optimizer_multiply_16, -1, -2)  # float32[16, 32, 32]
        optimizer_multiply_17 = optimizer_matmul * -4.775  # float32[16, 32, 32]
        optimizer_matmul_2 = optimizer_matmul @ optimizer_matmul  # float32[16, 32, 32]
        optimizer_multiply_18 = optimizer_matmul_2 * 2.0315  # float32[16, 32, 32]
        optimizer_add_7 = optimizer_multiply_17 + optimizer_multiply_18  # float32[16, 32, 32]
        optimizer_multiply_19 = optimizer_multiply_16 * 3.4445  # float32[16, 32, 32]
        optimizer_matmul_3 = optimizer_add_7 @ optimizer_multiply_16  # float32[16, 32, 32]
        optimizer_add_8 = optimizer_multiply_19 + optimizer_matmul_3  # float32[16, 32, 32]
        optimizer_matmul_4 = optimizer_add_8 @ jnp.swapaxes(optimizer_add_8, -1, -2)  # float32[16, 32, 32]
        optimizer_multiply_20 = optimizer_matmul_4 * -4.775  # float32[16, 32, 32]
        optimizer_matmul_5 = optimizer_matmul_4 @ optimizer_matmul_4  # float32[16, 32, 32]
        optimizer_multiply_21 = optimizer_matmul_5 * 2.0315  # float32[16, 32, 32]
        optimizer_add_9 = optimizer_multiply_20 + optimizer_multiply_21  # float32[16, 32, 32]
        optimizer_multiply_22 = optimizer_add_8 * 3.4445  # float32[16, 32, 32]
        optimizer_matmul_6 = optimizer_add_9 @ optimizer_add_8  # float32[16, 32, 32]
        optimizer_add_10 = optimizer_multiply_22 + optimizer_matmul_6  # float32[16, 32, 32]
        optimizer_matmul_7 = optimizer_add_10 @ jnp.swapaxes(optimizer_add_10, -1, -2)  # float32[16, 32, 32]
        optimizer_multiply_23 = optimizer_matmul_7 * -4.775  # float32[16, 32, 32]
        optimizer_matmul_8 = optimizer_matmul_7 @ optimizer_matmul_7  # float32[16, 32, 32]
        optimizer_multiply_24 = optimizer_matmul_8 * 2.0315  # float32[16, 32, 32]
        optimizer_add_11 = optimizer_multiply_23 + optimizer_multiply_24  # float32[16, 32, 32]
        optimizer_multiply_25 = optimizer_add_10 * 3.4445  # float32[16, 32, 32]
        optimizer_matmul_9 = optimizer_add_11 @ optimizer_add_10  # float32[16, 32, 32]
        optimizer_add_12 = optimizer_multiply_25 + optimizer_matmul_9  # float32[16, 32, 32]
        optimizer_matmul_10 = optimizer_add_12 @ jnp.swapaxes(optimizer_add_12, -1, -2)  # float32[16, 32, 32]
        optimizer_multiply_26 = optimizer_matmul_10 * -4.775  # float32[16, 32, 32]
        optimizer_matmul_11 = optimizer_matmul_10 @ optimizer_matmul_10  # float32[16, 32, 32]
        optimizer_multiply_27 = optimizer_matmul_11 * 2.0315  # float32[16, 32, 32]
        optimizer_add_13 = optimizer_multiply_26 + optimizer_multiply_27  # float32[16, 32, 32]
        optimizer_multiply_28 = optimizer_add_12 * 3.4445  # float32[16, 32, 32]
        optimizer_matmul_12 = optimizer_add_13 @ optimizer_add_12  # float32[16, 32, 32]
        optimizer_add_14 = optimizer_multiply_28 + optimizer_matmul_12  # float32[16, 32, 32]
        optimizer_matmul_13 = optimizer_add_14 @ jnp.swapaxes(optimizer_add_14, -1, -2)  # float32[16, 32, 32]
        optimizer_multiply_29 = optimizer_matmul_13 * -4.775  # float32[16, 32, 32]
        optimizer_matmul_14 = optimizer_matmul_13 @ optimizer_matmul_13  # float32[16, 32, 32]
        optimizer_multiply_30 = optimizer_matmul_14 * 2.0315  # float32[16, 32, 32]
        optimizer_add_15 = optimizer_multiply_29 + optimizer_multiply_30  # float32[16, 32, 32]
        optimizer_multiply_31 = optimizer_add_14 * 3.4445  # float32[16, 32, 32]
        optimizer_matmul_15 = optimizer_add_15 @ optimizer_add_14  # float32[16, 32, 32]
        optimizer_add_16 = optimizer_multiply_31 + optimizer_matmul_15  # float32[16, 32, 32]

    def blocks_update_5(layer):
        (
            query_slice,  # float32[1, 32, 32]
            key_slice,  # float32[1, 32, 32]
            value_slice,  # float32[1, 32, 32]
            output_slice,  # float32[1, 32, 32]
        ) = layer
        with jax.named_scope("attention.query"):
            query_reshape_2 = query_slice.reshape((32, 32))  # float32[32, 32]
        with jax.named_scope("attention.key"):
            key_reshape_2 = key_slice.reshape((32, 32))  # float32[32, 32]
        with jax.named_scope("attention.value"):
            value_reshape_2 = value_slice.reshape((32, 32))  # float32[32, 32]
        with jax.named_scope("attention.output"):
            output_reshape_2 = output_slice.reshape((32, 32))  # float32[32, 32]
        return (
            query_reshape_2,
            key_reshape_2,
            value_reshape_2,
            output_reshape_2,
        )

    with jax.named_scope("optimizer.blocks"):
        (
            all_query_reshape_2,
            all_key_reshape_2,
            all_value_reshape_2,
            all_output_reshape_2,
        ) = jax.vmap(blocks_update_5)(
            (
                optimizer_add_16[0:13:4, None],
                optimizer_add_16[1:14:4, None],
                optimizer_add_16[2:15:4, None],
                optimizer_add_16[3:16:4, None],
            ),
        )
    with jax.named_scope("optimizer"):
        optimizer_multiply_32 = inputs["scheduleFactor"] * 0.02  # float32[]
        optimizer_where_12 = jnp.where(optimizer_and_2, optimizer_multiply_32, 0.0)  # float32[]

    def blocks_update_6(layer):
        (
            query_reshape_3,  # float32[32, 32]
            attention_query_3,  # float32[32, 32]
            key_reshape_3,  # float32[32, 32]
            attention_key_3,  # float32[32, 32]
            value_reshape_3,  # float32[32, 32]
            attention_value_3,  # float32[32, 32]
            output_reshape_3,  # float32[32, 32]
            attention_output_3,  # float32[32, 32]
        ) = layer
        with jax.named_scope("attention.query"):
            query_multiply_5 = query_reshape_3 * optimizer_where_12  # float32[32, 32]
            query_add_5 = query_multiply_5 + optimizer_multiply  # float32[32, 32]
            query_subtract = attention_query_3 - query_add_5  # float32[32, 32]
        with jax.named_scope("attention.key"):
            key_multiply_5 = key_reshape_3 * optimizer_where_12  # float32[32, 32]
            key_add_5 = key_multiply_5 + optimizer_multiply  # float32[32, 32]
            key_subtract = attention_key_3 - key_add_5  # float32[32, 32]
        with jax.named_scope("attention.value"):
            value_multiply_5 = value_reshape_3 * optimizer_where_12  # float32[32, 32]
            value_add_5 = value_multiply_5 + optimizer_multiply  # float32[32, 32]
            value_subtract = attention_value_3 - value_add_5  # float32[32, 32]
        with jax.named_scope("attention.output"):
            output_multiply_5 = output_reshape_3 * optimizer_where_12  # float32[32, 32]
            output_add_5 = output_multiply_5 + optimizer_multiply  # float32[32, 32]
            output_subtract = attention_output_3 - output_add_5  # float32[32, 32]
        return (
            query_subtract,
            key_subtract,
            value_subtract,
            output_subtract,
        )

    with jax.named_scope("optimizer.blocks"):
        (
            all_query_subtract,
            all_key_subtract,
            all_value_subtract,
            all_output_subtract,
        ) = jax.vmap(blocks_update_6)(
            (
                all_query_reshape_2,
                state["blocks.*.attention.query"],
                all_key_reshape_2,
                state["blocks.*.attention.key"],
                all_value_reshape_2,
                state["blocks.*.attention.value"],
                all_output_reshape_2,
                state["blocks.*.attention.output"],
            ),
        )

    def blocks_update_7(layer):
        (
            up_add_4,  # float32[128, 32]
        ) = layer
        with jax.named_scope("mlp.up"):
            up_reshape = up_add_4.reshape((1, 128, 32))  # float32[1, 128, 32]
        return (up_reshape,)

    with jax.named_scope("optimizer.blocks"):
        (all_up_reshape,) = jax.vmap(blocks_update_7)(
            (
                all_up_add_3,
            ),
        )
    with jax.named_scope("optimizer"):
        optimizer_concatenate_2 = all_up_reshape.reshape((4, 128, 32))  # float32[4, 128, 32]
        optimizer_multiply_33 = optimizer_concatenate_2 * optimizer_concatenate_2  # float32[4, 128, 32]
        optimizer_reduce_sum_2 = jnp.sum(optimizer_multiply_33, axis=(1, 2), keepdims=True)  # float32[4, 1, 1]
        optimizer_sqrt_5 = jnp.sqrt(optimizer_reduce_sum_2)  # float32[4, 1, 1]
        optimizer_transpose = optimizer_concatenate_2.transpose((0, 2, 1))  # float32[4, 32, 128]
        optimizer_add_17 = optimizer_sqrt_5 + 1e-7  # float32[4, 1, 1]
        optimizer_reciprocal_2 = 1.0 / optimizer_add_17  # float32[4, 1, 1]
        optimizer_multiply_34 = optimizer_transpose * optimizer_reciprocal_2  # float32[4, 32, 128]
        optimizer_matmul_16 = optimizer_multiply_34 @ jnp.swapaxes(optimizer_multiply_34, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_35 = optimizer_matmul_16 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_17 = optimizer_matmul_16 @ optimizer_matmul_16  # float32[4, 32, 32]
        optimizer_multiply_36 = optimizer_matmul_17 * 2.0315  # float32[4, 32, 32]
        optimizer_add_18 = optimizer_multiply_35 + optimizer_multiply_36  # float32[4, 32, 32]
        optimizer_multiply_37 = optimizer_multiply_34 * 3.4445  # float32[4, 32, 128]
        optimizer_matmul_18 = optimizer_add_18 @ optimizer_multiply_34  # float32[4, 32, 128]
        optimizer_add_19 = optimizer_multiply_37 + optimizer_matmul_18  # float32[4, 32, 128]
        optimizer_matmul_19 = optimizer_add_19 @ jnp.swapaxes(optimizer_add_19, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_38 = optimizer_matmul_19 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_20 = optimizer_matmul_19 @ optimizer_matmul_19  # float32[4, 32, 32]
        optimizer_multiply_39 = optimizer_matmul_20 * 2.0315  # float32[4, 32, 32]
        optimizer_add_20 = optimizer_multiply_38 + optimizer_multiply_39  # float32[4, 32, 32]
        optimizer_multiply_40 = optimizer_add_19 * 3.4445  # float32[4, 32, 128]
        optimizer_matmul_21 = optimizer_add_20 @ optimizer_add_19  # float32[4, 32, 128]
        optimizer_add_21 = optimizer_multiply_40 + optimizer_matmul_21  # float32[4, 32, 128]
        optimizer_matmul_22 = optimizer_add_21 @ jnp.swapaxes(optimizer_add_21, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_41 = optimizer_matmul_22 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_23 = optimizer_matmul_22 @ optimizer_matmul_22  # float32[4, 32, 32]
        optimizer_multiply_42 = optimizer_matmul_23 * 2.0315  # float32[4, 32, 32]
        optimizer_add_22 = optimizer_multiply_41 + optimizer_multiply_42  # float32[4, 32, 32]
        optimizer_multiply_43 = optimizer_add_21 * 3.4445  # float32[4, 32, 128]
        optimizer_matmul_24 = optimizer_add_22 @ optimizer_add_21  # float32[4, 32, 128]
        optimizer_add_23 = optimizer_multiply_43 + optimizer_matmul_24  # float32[4, 32, 128]
        optimizer_matmul_25 = optimizer_add_23 @ jnp.swapaxes(optimizer_add_23, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_44 = optimizer_matmul_25 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_26 = optimizer_matmul_25 @ optimizer_matmul_25  # float32[4, 32, 32]
        optimizer_multiply_45 = optimizer_matmul_26 * 2.0315  # float32[4, 32, 32]
        optimizer_add_24 = optimizer_multiply_44 + optimizer_multiply_45  # float32[4, 32, 32]
        optimizer_multiply_46 = optimizer_add_23 * 3.4445  # float32[4, 32, 128]
        optimizer_matmul_27 = optimizer_add_24 @ optimizer_add_23  # float32[4, 32, 128]
        optimizer_add_25 = optimizer_multiply_46 + optimizer_matmul_27  # float32[4, 32, 128]
        optimizer_matmul_28 = optimizer_add_25 @ jnp.swapaxes(optimizer_add_25, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_47 = optimizer_matmul_28 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_29 = optimizer_matmul_28 @ optimizer_matmul_28  # float32[4, 32, 32]
        optimizer_multiply_48 = optimizer_matmul_29 * 2.0315  # float32[4, 32, 32]
        optimizer_add_26 = optimizer_multiply_47 + optimizer_multiply_48  # float32[4, 32, 32]
        optimizer_multiply_49 = optimizer_add_25 * 3.4445  # float32[4, 32, 128]
        optimizer_matmul_30 = optimizer_add_26 @ optimizer_add_25  # float32[4, 32, 128]
        optimizer_add_27 = optimizer_multiply_49 + optimizer_matmul_30  # float32[4, 32, 128]
        optimizer_transpose_2 = optimizer_add_27.transpose((0, 2, 1))  # float32[4, 128, 32]

    def blocks_update_8(layer):
        (
            up_slice,  # float32[1, 128, 32]
        ) = layer
        with jax.named_scope("mlp.up"):
            up_reshape_2 = up_slice.reshape((128, 32))  # float32[128, 32]
        return (up_reshape_2,)

    with jax.named_scope("optimizer.blocks"):
        (all_up_reshape_2,) = jax.vmap(blocks_update_8)(
            (
                optimizer_transpose_2[:, None],
            ),
        )
    with jax.named_scope("optimizer"):
        optimizer_multiply_50 = inputs["scheduleFactor"] * 0.04  # float32[]
        optimizer_where_13 = jnp.where(optimizer_and_2, optimizer_multiply_50, 0.0)  # float32[]

    def blocks_update_9(layer):
        (
            up_reshape_3,  # float32[128, 32]
            mlp_up_3,  # float32[128, 32]
        ) = layer
        with jax.named_scope("mlp.up"):
            up_multiply_5 = up_reshape_3 * optimizer_where_13  # float32[128, 32]
            up_add_5 = up_multiply_5 + optimizer_multiply  # float32[128, 32]
            up_subtract = mlp_up_3 - up_add_5  # float32[128, 32]
        return (up_subtract,)

    with jax.named_scope("optimizer.blocks"):
        (all_up_subtract,) = jax.vmap(blocks_update_9)(
            (
                all_up_reshape_2,
                state["blocks.*.mlp.up"],
            ),
        )

    def blocks_update_10(layer):
        (
            down_add_5,  # float32[32, 128]
        ) = layer
        with jax.named_scope("mlp.down"):
            down_reshape = down_add_5.reshape((1, 32, 128))  # float32[1, 32, 128]
        return (down_reshape,)

    with jax.named_scope("optimizer.blocks"):
        (all_down_reshape,) = jax.vmap(blocks_update_10)(
            (
                all_down_add_4,
            ),
        )
    with jax.named_scope("optimizer"):
        optimizer_concatenate_3 = all_down_reshape.reshape((4, 32, 128))  # float32[4, 32, 128]
        optimizer_multiply_51 = optimizer_concatenate_3 * optimizer_concatenate_3  # float32[4, 32, 128]
        optimizer_reduce_sum_3 = jnp.sum(optimizer_multiply_51, axis=(1, 2), keepdims=True)  # float32[4, 1, 1]
        optimizer_sqrt_6 = jnp.sqrt(optimizer_reduce_sum_3)  # float32[4, 1, 1]
        optimizer_add_28 = optimizer_sqrt_6 + 1e-7  # float32[4, 1, 1]
        optimizer_reciprocal_3 = 1.0 / optimizer_add_28  # float32[4, 1, 1]
        optimizer_multiply_52 = optimizer_concatenate_3 * optimizer_reciprocal_3  # float32[4, 32, 128]
        optimizer_matmul_31 = optimizer_multiply_52 @ jnp.swapaxes(optimizer_multiply_52, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_53 = optimizer_matmul_31 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_32 = optimizer_matmul_31 @ optimizer_matmul_31  # float32[4, 32, 32]
        optimizer_multiply_54 = optimizer_matmul_32 * 2.0315  # float32[4, 32, 32]
        optimizer_add_29 = optimizer_multiply_53 + optimizer_multiply_54  # float32[4, 32, 32]
        optimizer_multiply_55 = optimizer_multiply_52 * 3.4445  # float32[4, 32, 128]
        optimizer_matmul_33 = optimizer_add_29 @ optimizer_multiply_52  # float32[4, 32, 128]
        optimizer_add_30 = optimizer_multiply_55 + optimizer_matmul_33  # float32[4, 32, 128]
        optimizer_matmul_34 = optimizer_add_30 @ jnp.swapaxes(optimizer_add_30, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_56 = optimizer_matmul_34 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_35 = optimizer_matmul_34 @ optimizer_matmul_34  # float32[4, 32, 32]
        optimizer_multiply_57 = optimizer_matmul_35 * 2.0315  # float32[4, 32, 32]
        optimizer_add_31 = optimizer_multiply_56 + optimizer_multiply_57  # float32[4, 32, 32]
        optimizer_multiply_58 = optimizer_add_30 * 3.4445  # float32[4, 32, 128]
        optimizer_matmul_36 = optimizer_add_31 @ optimizer_add_30  # float32[4, 32, 128]
        optimizer_add_32 = optimizer_multiply_58 + optimizer_matmul_36  # float32[4, 32, 128]
        optimizer_matmul_37 = optimizer_add_32 @ jnp.swapaxes(optimizer_add_32, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_59 = optimizer_matmul_37 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_38 = optimizer_matmul_37 @ optimizer_matmul_37  # float32[4, 32, 32]
        optimizer_multiply_60 = optimizer_matmul_38 * 2.0315  # float32[4, 32, 32]
        optimizer_add_33 = optimizer_multiply_59 + optimizer_multiply_60  # float32[4, 32, 32]
        optimizer_multiply_61 = optimizer_add_32 * 3.4445  # float32[4, 32, 128]
        optimizer_matmul_39 = optimizer_add_33 @ optimizer_add_32  # float32[4, 32, 128]
        optimizer_add_34 = optimizer_multiply_61 + optimizer_matmul_39  # float32[4, 32, 128]
        optimizer_matmul_40 = optimizer_add_34 @ jnp.swapaxes(optimizer_add_34, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_62 = optimizer_matmul_40 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_41 = optimizer_matmul_40 @ optimizer_matmul_40  # float32[4, 32, 32]
        optimizer_multiply_63 = optimizer_matmul_41 * 2.0315  # float32[4, 32, 32]
        optimizer_add_35 = optimizer_multiply_62 + optimizer_multiply_63  # float32[4, 32, 32]
        optimizer_multiply_64 = optimizer_add_34 * 3.4445  # float32[4, 32, 128]
        optimizer_matmul_42 = optimizer_add_35 @ optimizer_add_34  # float32[4, 32, 128]
        optimizer_add_36 = optimizer_multiply_64 + optimizer_matmul_42  # float32[4, 32, 128]
        optimizer_matmul_43 = optimizer_add_36 @ jnp.swapaxes(optimizer_add_36, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_65 = optimizer_matmul_43 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_44 = optimizer_matmul_43 @ optimizer_matmul_43  # float32[4, 32, 32]
        optimizer_multiply_66 = optimizer_matmul_44 * 2.0315  # float32[4, 32, 32]
        optimizer_add_37 = optimizer_multiply_65 + optimizer_multiply_66  # float32[4, 32, 32]
        optimizer_multiply_67 = optimizer_add_36 * 3.4445  # float32[4, 32, 128]
        optimizer_matmul_45 = optimizer_add_37 @ optimizer_add_36  # float32[4, 32, 128]
        optimizer_add_38 = optimizer_multiply_67 + optimizer_matmul_45  # float32[4, 32, 128]

    def blocks_update_11(layer):
        (
            down_slice,  # float32[1, 32, 128]
        ) = layer
        with jax.named_scope("mlp.down"):
            down_reshape_2 = down_slice.reshape((32, 128))  # float32[32, 128]
        return (down_reshape_2,)

    with jax.named_scope("optimizer.blocks"):
        (all_down_reshape_2,) = jax.vmap(blocks_update_11)(
            (
                optimizer_add_38[:, None],
            ),
        )

    def blocks_update_12(layer):
        (
            down_reshape_3,  # float32[32, 128]
            mlp_down_3,  # float32[32, 128]
        ) = layer
        with jax.named_scope("mlp.down"):
            down_multiply_5 = down_reshape_3 * optimizer_where_12  # float32[32, 128]
            down_add_6 = down_multiply_5 + optimizer_multiply  # float32[32, 128]
            down_subtract = mlp_down_3 - down_add_6  # float32[32, 128]
        return (down_subtract,)

    with jax.named_scope("optimizer.blocks"):
        (all_down_subtract,) = jax.vmap(blocks_update_12)(
            (
                all_down_reshape_2,
                state["blocks.*.mlp.down"],
            ),
        )
    with jax.named_scope("optimizer"):
        optimizer_cast = optimizer_and_2.astype(jnp.float32)  # float32[]
    return (
        {
            "embedding": embedding_subtract,
            "blocks.*.attention.query": all_query_subtract,
            "blocks.*.attention.key": all_key_subtract,
            "blocks.*.attention.value": all_value_subtract,
            "blocks.*.attention.output": all_output_subtract,
            "blocks.*.mlp.up": all_up_subtract,
            "blocks.*.mlp.down": all_down_subtract,
            "head": head_subtract,
            "optimizer.embedding.firstMoment": embedding_add,
            "optimizer.embedding.secondMoment": embedding_add_2,
            "optimizer.blocks.*.attention.query.firstMoment": all_query_add_2,
            "optimizer.blocks.*.attention.key.firstMoment": all_key_add_2,
            "optimizer.blocks.*.attention.value.firstMoment": all_value_add_2,
            "optimizer.blocks.*.attention.output.firstMoment": all_output_add_2,
            "optimizer.blocks.*.mlp.up.firstMoment": all_up_add_2,
            "optimizer.blocks.*.mlp.down.firstMoment": all_down_add_3,
            "optimizer.head.firstMoment": head_add_2,
            "optimizer.head.secondMoment": head_add_3,
            "optimizer.groups.1.firstCorrection": optimizer_where_3,
            "optimizer.groups.1.secondCorrection": optimizer_where_4,
            "optimizer.groups.2.firstCorrection": optimizer_where_5,
            "optimizer.groups.2.secondCorrection": optimizer_where_6,
        },
        {
            "loss": loss_divide,
            "gradientNorm": optimizer_sqrt,
            "isApplied": optimizer_cast,
        },
    )
