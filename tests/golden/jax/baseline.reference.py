"""A training step of baseline."""

import jax
import jax.numpy as jnp

FORMAT = 1
PROGRAM = "5bee2a374502eddce27f832c7adf98f3906f96fbec3f464a87ede6cc7fc0fc27"

# What lives from step to step: shape, element type, kind. A name with * is a stack over layers along the leading axis.
STATE = {
    "embedding": ((64, 32), "float32", "parameter"),
    "blocks.*.attention.norm.gain": ((4, 32), "float32", "parameter"),
    "blocks.*.attention.query": ((4, 32, 32), "float32", "parameter"),
    "blocks.*.attention.key": ((4, 32, 32), "float32", "parameter"),
    "blocks.*.attention.value": ((4, 32, 32), "float32", "parameter"),
    "blocks.*.attention.queryNorm.gain": ((4, 32), "float32", "parameter"),
    "blocks.*.attention.keyNorm.gain": ((4, 32), "float32", "parameter"),
    "blocks.*.attention.output": ((4, 32, 32), "float32", "parameter"),
    "blocks.*.mlp.norm.gain": ((4, 32), "float32", "parameter"),
    "blocks.*.mlp.gate": ((4, 96, 32), "float32", "parameter"),
    "blocks.*.mlp.up": ((4, 96, 32), "float32", "parameter"),
    "blocks.*.mlp.down": ((4, 32, 96), "float32", "parameter"),
    "norm.gain": ((32,), "float32", "parameter"),
    "head": ((64, 32), "float32", "parameter"),
    "optimizer.embedding.firstMoment": ((64, 32), "float32", "optimizer"),
    "optimizer.embedding.secondMoment": ((64, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.norm.gain.firstMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.norm.gain.secondMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.query.firstMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.key.firstMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.value.firstMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.queryNorm.gain.firstMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.queryNorm.gain.secondMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.keyNorm.gain.firstMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.keyNorm.gain.secondMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.attention.output.firstMoment": ((4, 32, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.norm.gain.firstMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.norm.gain.secondMoment": ((4, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.gate.firstMoment": ((4, 96, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.up.firstMoment": ((4, 96, 32), "float32", "optimizer"),
    "optimizer.blocks.*.mlp.down.firstMoment": ((4, 32, 96), "float32", "optimizer"),
    "optimizer.norm.gain.firstMoment": ((32,), "float32", "optimizer"),
    "optimizer.norm.gain.secondMoment": ((32,), "float32", "optimizer"),
    "optimizer.head.firstMoment": ((64, 32), "float32", "optimizer"),
    "optimizer.head.secondMoment": ((64, 32), "float32", "optimizer"),
    "optimizer.groups.1.firstCorrection": ((), "float32", "optimizer"),
    "optimizer.groups.1.secondCorrection": ((), "float32", "optimizer"),
    "optimizer.groups.2.firstCorrection": ((), "float32", "optimizer"),
    "optimizer.groups.2.secondCorrection": ((), "float32", "optimizer"),
    "optimizer.groups.3.firstCorrection": ((), "float32", "optimizer"),
    "optimizer.groups.3.secondCorrection": ((), "float32", "optimizer"),
}
# For each stack, the numbers that * stands for, in the order of its elements.
STACKS = {
    "blocks.*.attention.norm.gain": tuple(range(4)),
    "blocks.*.attention.query": tuple(range(4)),
    "blocks.*.attention.key": tuple(range(4)),
    "blocks.*.attention.value": tuple(range(4)),
    "blocks.*.attention.queryNorm.gain": tuple(range(4)),
    "blocks.*.attention.keyNorm.gain": tuple(range(4)),
    "blocks.*.attention.output": tuple(range(4)),
    "blocks.*.mlp.norm.gain": tuple(range(4)),
    "blocks.*.mlp.gate": tuple(range(4)),
    "blocks.*.mlp.up": tuple(range(4)),
    "blocks.*.mlp.down": tuple(range(4)),
    "optimizer.blocks.*.attention.norm.gain.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.norm.gain.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.query.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.key.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.value.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.queryNorm.gain.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.queryNorm.gain.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.keyNorm.gain.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.keyNorm.gain.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.attention.output.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.norm.gain.firstMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.norm.gain.secondMoment": tuple(range(4)),
    "optimizer.blocks.*.mlp.gate.firstMoment": tuple(range(4)),
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

    def blocks_forward(blocks_add, layer):
        (
            attention_norm_gain,  # float32[32]
            attention_query,  # float32[32, 32]
            attention_query_norm_gain,  # float32[32]
            attention_key,  # float32[32, 32]
            attention_key_norm_gain,  # float32[32]
            attention_value,  # float32[32, 32]
            attention_output,  # float32[32, 32]
            mlp_norm_gain,  # float32[32]
            mlp_up,  # float32[96, 32]
            mlp_gate,  # float32[96, 32]
            mlp_down,  # float32[32, 96]
        ) = layer
        blocks_add = shard_rows(blocks_add)
        with jax.named_scope("attention"):
            attention_rms_norm = rms_norm(blocks_add, 0.000001)  # float32[2, 16, 32]
            attention_multiply = attention_rms_norm * attention_norm_gain  # float32[2, 16, 32]
            attention_reshape = attention_multiply.reshape((32, 32))  # float32[32, 32]
            attention_matmul = attention_reshape @ attention_query.T  # float32[32, 32]
            attention_reshape_2 = attention_matmul.reshape((2, 16, 32))  # float32[2, 16, 32]
            attention_reshape_3 = attention_reshape_2.reshape((2, 16, 1, 32))  # float32[2, 16, 1, 32]
            attention_transpose = attention_reshape_3.transpose((0, 2, 1, 3))  # float32[2, 1, 16, 32]
            attention_rms_norm_2 = rms_norm(attention_transpose, 0.000001)  # float32[2, 1, 16, 32]
            attention_multiply_2 = attention_rms_norm_2 * attention_query_norm_gain  # float32[2, 1, 16, 32]
            attention_rotary_embedding = rotary_embedding(attention_multiply_2, positions_cos, positions_sin)  # float32[2, 1, 16, 32]
            attention_matmul_2 = attention_reshape @ attention_key.T  # float32[32, 32]
            attention_reshape_4 = attention_matmul_2.reshape((2, 16, 32))  # float32[2, 16, 32]
            attention_reshape_5 = attention_reshape_4.reshape((2, 16, 1, 32))  # float32[2, 16, 1, 32]
            attention_transpose_2 = attention_reshape_5.transpose((0, 2, 1, 3))  # float32[2, 1, 16, 32]
            attention_rms_norm_3 = rms_norm(attention_transpose_2, 0.000001)  # float32[2, 1, 16, 32]
            attention_multiply_3 = attention_rms_norm_3 * attention_key_norm_gain  # float32[2, 1, 16, 32]
            attention_rotary_embedding_2 = rotary_embedding(attention_multiply_3, positions_cos, positions_sin)  # float32[2, 1, 16, 32]
            attention_matmul_3 = attention_reshape @ attention_value.T  # float32[32, 32]
            attention_reshape_6 = attention_matmul_3.reshape((2, 16, 32))  # float32[2, 16, 32]
            attention_reshape_7 = attention_reshape_6.reshape((2, 16, 1, 32))  # float32[2, 16, 1, 32]
            attention_transpose_3 = attention_reshape_7.transpose((0, 2, 1, 3))  # float32[2, 1, 16, 32]
            attention_attention = attention(attention_rotary_embedding, attention_rotary_embedding_2, attention_transpose_3, 0.1767766952966369, None)  # float32[2, 1, 16, 32]
            attention_transpose_4 = attention_attention.transpose((0, 2, 1, 3))  # float32[2, 16, 1, 32]
            attention_reshape_8 = attention_transpose_4.reshape((2, 16, 32))  # float32[2, 16, 32]
            attention_reshape_9 = attention_reshape_8.reshape((32, 32))  # float32[32, 32]
            attention_matmul_4 = attention_reshape_9 @ attention_output.T  # float32[32, 32]
            attention_reshape_10 = attention_matmul_4.reshape((2, 16, 32))  # float32[2, 16, 32]
        blocks_add_2 = blocks_add + attention_reshape_10  # float32[2, 16, 32]
        with jax.named_scope("mlp"):
            mlp_rms_norm = rms_norm(blocks_add_2, 0.000001)  # float32[2, 16, 32]
            mlp_multiply = mlp_rms_norm * mlp_norm_gain  # float32[2, 16, 32]
            mlp_reshape = mlp_multiply.reshape((32, 32))  # float32[32, 32]
            mlp_matmul = mlp_reshape @ mlp_up.T  # float32[32, 96]
            mlp_reshape_2 = mlp_matmul.reshape((2, 16, 96))  # float32[2, 16, 96]
            mlp_matmul_2 = mlp_reshape @ mlp_gate.T  # float32[32, 96]
            mlp_reshape_3 = mlp_matmul_2.reshape((2, 16, 96))  # float32[2, 16, 96]
            mlp_silu = jax.nn.silu(mlp_reshape_3)  # float32[2, 16, 96]
            mlp_multiply_2 = mlp_silu * mlp_reshape_2  # float32[2, 16, 96]
            mlp_reshape_4 = mlp_multiply_2.reshape((32, 96))  # float32[32, 96]
            mlp_matmul_3 = mlp_reshape_4 @ mlp_down.T  # float32[32, 32]
            mlp_reshape_5 = mlp_matmul_3.reshape((2, 16, 32))  # float32[2, 16, 32]
        blocks_add_3 = blocks_add_2 + mlp_reshape_5  # float32[2, 16, 32]
        return blocks_add_3, (
            mlp_reshape_4,
            mlp_reshape_2,
            mlp_silu,
            mlp_reshape_3,
            mlp_reshape,
            mlp_rms_norm,
            blocks_add_2,
            attention_reshape_9,
            attention_attention,
            attention_rotary_embedding,
            attention_rotary_embedding_2,
            attention_transpose_3,
            attention_reshape,
            attention_rms_norm_3,
            attention_transpose_2,
            attention_rms_norm_2,
            attention_transpose,
            attention_rms_norm,
            blocks_add,
        )

    with jax.named_scope("blocks"):
        last_blocks_add, (
            all_mlp_reshape_4,
            all_mlp_reshape_2,
            all_mlp_silu,
            all_mlp_reshape_3,
            all_mlp_reshape,
            all_mlp_rms_norm,
            all_blocks_add_2,
            all_attention_reshape_9,
            all_attention_attention,
            all_attention_rotary_embedding,
            all_attention_rotary_embedding_2,
            all_attention_transpose_3,
            all_attention_reshape,
            all_attention_rms_norm_3,
            all_attention_transpose_2,
            all_attention_rms_norm_2,
            all_attention_transpose,
            all_attention_rms_norm,
            all_blocks_add_before,
        ) = jax.lax.scan(
            blocks_forward,
            embedding_gather_rows,
            (
                state["blocks.*.attention.norm.gain"],
                state["blocks.*.attention.query"],
                state["blocks.*.attention.queryNorm.gain"],
                state["blocks.*.attention.key"],
                state["blocks.*.attention.keyNorm.gain"],
                state["blocks.*.attention.value"],
                state["blocks.*.attention.output"],
                state["blocks.*.mlp.norm.gain"],
                state["blocks.*.mlp.up"],
                state["blocks.*.mlp.gate"],
                state["blocks.*.mlp.down"],
            ),
        )
    with jax.named_scope("head"):
        head_rms_norm = rms_norm(last_blocks_add, 0.000001)  # float32[2, 16, 32]
        head_multiply = head_rms_norm * state["norm.gain"]  # float32[2, 16, 32]
        head_multiply_2 = head_multiply * 2.0  # float32[2, 16, 32]
        head_reshape = head_multiply_2.reshape((32, 32))  # float32[32, 32]
        head_matmul = head_reshape @ state["head"].T  # float32[32, 64]
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
        grad_head_matmul = grad_head_reshape @ state["head"]  # float32[32, 32]
        grad_head_matmul_2 = grad_head_reshape.T @ head_reshape  # float32[64, 32]
        grad_head_reshape_2 = grad_head_matmul.reshape((2, 16, 32))  # float32[2, 16, 32]
        grad_head_multiply = grad_head_reshape_2 * 2.0  # float32[2, 16, 32]
        grad_head_multiply_2 = grad_head_multiply * state["norm.gain"]  # float32[2, 16, 32]
        grad_head_multiply_3 = grad_head_multiply * head_rms_norm  # float32[2, 16, 32]
        grad_head_reduce_sum = jnp.sum(grad_head_multiply_3, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
        grad_head_reshape_3 = grad_head_reduce_sum.reshape((32,))  # float32[32]
        grad_head_multiply_4 = grad_head_multiply_2 * head_rms_norm  # float32[2, 16, 32]
        grad_head_reduce_sum_2 = jnp.sum(grad_head_multiply_4, axis=(2,))  # float32[2, 16]
        grad_head_multiply_5 = grad_head_reduce_sum_2 * 0.03125  # float32[2, 16]
        grad_head_reshape_4 = grad_head_multiply_5.reshape((2, 16, 1))  # float32[2, 16, 1]
        grad_head_multiply_6 = head_rms_norm * grad_head_reshape_4  # float32[2, 16, 32]
        grad_head_subtract = grad_head_multiply_2 - grad_head_multiply_6  # float32[2, 16, 32]
        grad_head_multiply_7 = last_blocks_add * last_blocks_add  # float32[2, 16, 32]
        grad_head_reduce_sum_3 = jnp.sum(grad_head_multiply_7, axis=(2,))  # float32[2, 16]
        grad_head_multiply_8 = grad_head_reduce_sum_3 * 0.03125  # float32[2, 16]
        grad_head_add = grad_head_multiply_8 + 0.000001  # float32[2, 16]
        grad_head_sqrt = jnp.sqrt(grad_head_add)  # float32[2, 16]
        grad_head_reciprocal = 1.0 / grad_head_sqrt  # float32[2, 16]
        grad_head_reshape_5 = grad_head_reciprocal.reshape((2, 16, 1))  # float32[2, 16, 1]
        grad_head_multiply_9 = grad_head_subtract * grad_head_reshape_5  # float32[2, 16, 32]
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
            mlp_down_2,  # float32[32, 96]
            mlp_reshape_6,  # float32[32, 96]
            mlp_reshape_7,  # float32[2, 16, 96]
            mlp_silu_2,  # float32[2, 16, 96]
            mlp_reshape_8,  # float32[2, 16, 96]
            mlp_gate_2,  # float32[96, 32]
            mlp_reshape_9,  # float32[32, 32]
            mlp_up_2,  # float32[96, 32]
            mlp_norm_gain_2,  # float32[32]
            mlp_rms_norm_2,  # float32[2, 16, 32]
            blocks_add_4,  # float32[2, 16, 32]
            attention_output_2,  # float32[32, 32]
            attention_reshape_11,  # float32[32, 32]
            attention_attention_2,  # float32[2, 1, 16, 32]
            attention_rotary_embedding_3,  # float32[2, 1, 16, 32]
            attention_rotary_embedding_4,  # float32[2, 1, 16, 32]
            attention_transpose_5,  # float32[2, 1, 16, 32]
            attention_value_2,  # float32[32, 32]
            attention_reshape_12,  # float32[32, 32]
            attention_key_norm_gain_2,  # float32[32]
            attention_rms_norm_4,  # float32[2, 1, 16, 32]
            attention_transpose_6,  # float32[2, 1, 16, 32]
            attention_key_2,  # float32[32, 32]
            attention_query_norm_gain_2,  # float32[32]
            attention_rms_norm_5,  # float32[2, 1, 16, 32]
            attention_transpose_7,  # float32[2, 1, 16, 32]
            attention_query_2,  # float32[32, 32]
            attention_norm_gain_2,  # float32[32]
            attention_rms_norm_6,  # float32[2, 16, 32]
            blocks_add_5,  # float32[2, 16, 32]
        ) = layer
        grad_attention_add_3 = shard_rows(grad_attention_add_3)
        with jax.named_scope("mlp"):
            grad_mlp_reshape = grad_attention_add_3.reshape((32, 32))  # float32[32, 32]
            grad_mlp_matmul = grad_mlp_reshape @ mlp_down_2  # float32[32, 96]
            grad_mlp_matmul_2 = grad_mlp_reshape.T @ mlp_reshape_6  # float32[32, 96]
            grad_mlp_reshape_2 = grad_mlp_matmul.reshape((2, 16, 96))  # float32[2, 16, 96]
            grad_mlp_multiply = grad_mlp_reshape_2 * mlp_reshape_7  # float32[2, 16, 96]
            grad_mlp_multiply_2 = grad_mlp_reshape_2 * mlp_silu_2  # float32[2, 16, 96]
            grad_mlp_sigmoid = jax.nn.sigmoid(mlp_reshape_8)  # float32[2, 16, 96]
            grad_mlp_subtract = 1.0 - grad_mlp_sigmoid  # float32[2, 16, 96]
            grad_mlp_multiply_3 = mlp_silu_2 * grad_mlp_subtract  # float32[2, 16, 96]
            grad_mlp_add = grad_mlp_sigmoid + grad_mlp_multiply_3  # float32[2, 16, 96]
            grad_mlp_multiply_4 = grad_mlp_multiply * grad_mlp_add  # float32[2, 16, 96]
            grad_mlp_reshape_3 = grad_mlp_multiply_4.reshape((32, 96))  # float32[32, 96]
            grad_mlp_matmul_3 = grad_mlp_reshape_3 @ mlp_gate_2  # float32[32, 32]
            grad_mlp_matmul_4 = grad_mlp_reshape_3.T @ mlp_reshape_9  # float32[96, 32]
            grad_mlp_reshape_4 = grad_mlp_matmul_3.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_mlp_reshape_5 = grad_mlp_multiply_2.reshape((32, 96))  # float32[32, 96]
            grad_mlp_matmul_5 = grad_mlp_reshape_5 @ mlp_up_2  # float32[32, 32]
            grad_mlp_matmul_6 = grad_mlp_reshape_5.T @ mlp_reshape_9  # float32[96, 32]
            grad_mlp_reshape_6 = grad_mlp_matmul_5.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_mlp_add_2 = grad_mlp_reshape_4 + grad_mlp_reshape_6  # float32[2, 16, 32]
            grad_mlp_multiply_5 = grad_mlp_add_2 * mlp_norm_gain_2  # float32[2, 16, 32]
            grad_mlp_multiply_6 = grad_mlp_add_2 * mlp_rms_norm_2  # float32[2, 16, 32]
            grad_mlp_reduce_sum = jnp.sum(grad_mlp_multiply_6, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
            grad_mlp_reshape_7 = grad_mlp_reduce_sum.reshape((32,))  # float32[32]
            grad_mlp_multiply_7 = grad_mlp_multiply_5 * mlp_rms_norm_2  # float32[2, 16, 32]
            grad_mlp_reduce_sum_2 = jnp.sum(grad_mlp_multiply_7, axis=(2,))  # float32[2, 16]
            grad_mlp_multiply_8 = grad_mlp_reduce_sum_2 * 0.03125  # float32[2, 16]
            grad_mlp_reshape_8 = grad_mlp_multiply_8.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_mlp_multiply_9 = mlp_rms_norm_2 * grad_mlp_reshape_8  # float32[2, 16, 32]
            grad_mlp_subtract_2 = grad_mlp_multiply_5 - grad_mlp_multiply_9  # float32[2, 16, 32]
            grad_mlp_multiply_10 = blocks_add_4 * blocks_add_4  # float32[2, 16, 32]
            grad_mlp_reduce_sum_3 = jnp.sum(grad_mlp_multiply_10, axis=(2,))  # float32[2, 16]
            grad_mlp_multiply_11 = grad_mlp_reduce_sum_3 * 0.03125  # float32[2, 16]
            grad_mlp_add_3 = grad_mlp_multiply_11 + 0.000001  # float32[2, 16]
            grad_mlp_sqrt = jnp.sqrt(grad_mlp_add_3)  # float32[2, 16]
            grad_mlp_reciprocal = 1.0 / grad_mlp_sqrt  # float32[2, 16]
            grad_mlp_reshape_9 = grad_mlp_reciprocal.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_mlp_multiply_12 = grad_mlp_subtract_2 * grad_mlp_reshape_9  # float32[2, 16, 32]
            grad_mlp_add_4 = grad_attention_add_3 + grad_mlp_multiply_12  # float32[2, 16, 32]
        with jax.named_scope("attention"):
            grad_attention_reshape_3 = grad_mlp_add_4.reshape((32, 32))  # float32[32, 32]
            grad_attention_matmul = grad_attention_reshape_3 @ attention_output_2  # float32[32, 32]
            grad_attention_matmul_2 = grad_attention_reshape_3.T @ attention_reshape_11  # float32[32, 32]
            grad_attention_reshape_4 = grad_attention_matmul.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_reshape_5 = grad_attention_reshape_4.reshape((2, 16, 1, 32))  # float32[2, 16, 1, 32]
            grad_attention_transpose = grad_attention_reshape_5.transpose((0, 2, 1, 3))  # float32[2, 1, 16, 32]
            grad_attention_multiply = grad_attention_transpose * attention_attention_2  # float32[2, 1, 16, 32]
            grad_attention_reduce_sum = jnp.sum(grad_attention_multiply, axis=(3,), keepdims=True)  # float32[2, 1, 16, 1]
            grad_attention_multiply_2 = attention_rotary_embedding_3 * 0.1767766952966369  # float32[2, 1, 16, 32]
            grad_attention_matmul_3 = grad_attention_multiply_2 @ jnp.swapaxes(attention_rotary_embedding_4, -1, -2)  # float32[2, 1, 16, 16]
            grad_attention_reshape_6 = grad_attention_matmul_3.reshape((2, 1, 1, 16, 16))  # float32[2, 1, 1, 16, 16]
            grad_attention_add_4 = grad_attention_reshape_6 + grad_attention_where  # float32[2, 1, 1, 16, 16]
            grad_attention_reshape_7 = grad_attention_add_4.reshape((2, 1, 16, 16))  # float32[2, 1, 16, 16]
            grad_attention_softmax = jax.nn.softmax(grad_attention_reshape_7, axis=3)  # float32[2, 1, 16, 16]
            grad_attention_matmul_4 = grad_attention_transpose @ jnp.swapaxes(attention_transpose_5, -1, -2)  # float32[2, 1, 16, 16]
            grad_attention_subtract = grad_attention_matmul_4 - grad_attention_reduce_sum  # float32[2, 1, 16, 16]
            grad_attention_multiply_3 = grad_attention_softmax * grad_attention_subtract  # float32[2, 1, 16, 16]
            grad_attention_matmul_5 = grad_attention_multiply_3 @ attention_rotary_embedding_4  # float32[2, 1, 16, 32]
            grad_attention_multiply_4 = grad_attention_matmul_5 * 0.1767766952966369  # float32[2, 1, 16, 32]
            grad_attention_matmul_6 = jnp.swapaxes(grad_attention_multiply_3, -1, -2) @ grad_attention_multiply_2  # float32[2, 1, 16, 32]
            grad_attention_matmul_7 = jnp.swapaxes(grad_attention_softmax, -1, -2) @ grad_attention_transpose  # float32[2, 1, 16, 32]
            grad_attention_transpose_2 = grad_attention_matmul_7.transpose((0, 2, 1, 3))  # float32[2, 16, 1, 32]
            grad_attention_reshape_8 = grad_attention_transpose_2.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_reshape_9 = grad_attention_reshape_8.reshape((32, 32))  # float32[32, 32]
            grad_attention_matmul_8 = grad_attention_reshape_9 @ attention_value_2  # float32[32, 32]
            grad_attention_matmul_9 = grad_attention_reshape_9.T @ attention_reshape_12  # float32[32, 32]
            grad_attention_reshape_10 = grad_attention_matmul_8.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_rotary_embedding = rotary_embedding(grad_attention_matmul_6, positions_cos, grad_attention_negate)  # float32[2, 1, 16, 32]
            grad_attention_multiply_5 = grad_attention_rotary_embedding * attention_key_norm_gain_2  # float32[2, 1, 16, 32]
            grad_attention_multiply_6 = grad_attention_rotary_embedding * attention_rms_norm_4  # float32[2, 1, 16, 32]
            grad_attention_reduce_sum_2 = jnp.sum(grad_attention_multiply_6, axis=(0, 1, 2), keepdims=True)  # float32[1, 1, 1, 32]
            grad_attention_reshape_11 = grad_attention_reduce_sum_2.reshape((32,))  # float32[32]
            grad_attention_multiply_7 = grad_attention_multiply_5 * attention_rms_norm_4  # float32[2, 1, 16, 32]
            grad_attention_reduce_sum_3 = jnp.sum(grad_attention_multiply_7, axis=(3,))  # float32[2, 1, 16]
            grad_attention_multiply_8 = grad_attention_reduce_sum_3 * 0.03125  # float32[2, 1, 16]
            grad_attention_reshape_12 = grad_attention_multiply_8.reshape((2, 1, 16, 1))  # float32[2, 1, 16, 1]
            grad_attention_multiply_9 = attention_rms_norm_4 * grad_attention_reshape_12  # float32[2, 1, 16, 32]
            grad_attention_subtract_2 = grad_attention_multiply_5 - grad_attention_multiply_9  # float32[2, 1, 16, 32]
            grad_attention_multiply_10 = attention_transpose_6 * attention_transpose_6  # float32[2, 1, 16, 32]
            grad_attention_reduce_sum_4 = jnp.sum(grad_attention_multiply_10, axis=(3,))  # float32[2, 1, 16]
            grad_attention_multiply_11 = grad_attention_reduce_sum_4 * 0.03125  # float32[2, 1, 16]
            grad_attention_add_5 = grad_attention_multiply_11 + 0.000001  # float32[2, 1, 16]
            grad_attention_sqrt = jnp.sqrt(grad_attention_add_5)  # float32[2, 1, 16]
            grad_attention_reciprocal = 1.0 / grad_attention_sqrt  # float32[2, 1, 16]
            grad_attention_reshape_13 = grad_attention_reciprocal.reshape((2, 1, 16, 1))  # float32[2, 1, 16, 1]
            grad_attention_multiply_12 = grad_attention_subtract_2 * grad_attention_reshape_13  # float32[2, 1, 16, 32]
            grad_attention_transpose_3 = grad_attention_multiply_12.transpose((0, 2, 1, 3))  # float32[2, 16, 1, 32]
            grad_attention_reshape_14 = grad_attention_transpose_3.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_reshape_15 = grad_attention_reshape_14.reshape((32, 32))  # float32[32, 32]
            grad_attention_matmul_10 = grad_attention_reshape_15 @ attention_key_2  # float32[32, 32]
            grad_attention_matmul_11 = grad_attention_reshape_15.T @ attention_reshape_12  # float32[32, 32]
            grad_attention_reshape_16 = grad_attention_matmul_10.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_add_6 = grad_attention_reshape_10 + grad_attention_reshape_16  # float32[2, 16, 32]
            grad_attention_rotary_embedding_2 = rotary_embedding(grad_attention_multiply_4, positions_cos, grad_attention_negate)  # float32[2, 1, 16, 32]
            grad_attention_multiply_13 = grad_attention_rotary_embedding_2 * attention_query_norm_gain_2  # float32[2, 1, 16, 32]
            grad_attention_multiply_14 = grad_attention_rotary_embedding_2 * attention_rms_norm_5  # float32[2, 1, 16, 32]
            grad_attention_reduce_sum_5 = jnp.sum(grad_attention_multiply_14, axis=(0, 1, 2), keepdims=True)  # float32[1, 1, 1, 32]
            grad_attention_reshape_17 = grad_attention_reduce_sum_5.reshape((32,))  # float32[32]
            grad_attention_multiply_15 = grad_attention_multiply_13 * attention_rms_norm_5  # float32[2, 1, 16, 32]
            grad_attention_reduce_sum_6 = jnp.sum(grad_attention_multiply_15, axis=(3,))  # float32[2, 1, 16]
            grad_attention_multiply_16 = grad_attention_reduce_sum_6 * 0.03125  # float32[2, 1, 16]
            grad_attention_reshape_18 = grad_attention_multiply_16.reshape((2, 1, 16, 1))  # float32[2, 1, 16, 1]
            grad_attention_multiply_17 = attention_rms_norm_5 * grad_attention_reshape_18  # float32[2, 1, 16, 32]
            grad_attention_subtract_3 = grad_attention_multiply_13 - grad_attention_multiply_17  # float32[2, 1, 16, 32]
            grad_attention_multiply_18 = attention_transpose_7 * attention_transpose_7  # float32[2, 1, 16, 32]
            grad_attention_reduce_sum_7 = jnp.sum(grad_attention_multiply_18, axis=(3,))  # float32[2, 1, 16]
            grad_attention_multiply_19 = grad_attention_reduce_sum_7 * 0.03125  # float32[2, 1, 16]
            grad_attention_add_7 = grad_attention_multiply_19 + 0.000001  # float32[2, 1, 16]
            grad_attention_sqrt_2 = jnp.sqrt(grad_attention_add_7)  # float32[2, 1, 16]
            grad_attention_reciprocal_2 = 1.0 / grad_attention_sqrt_2  # float32[2, 1, 16]
            grad_attention_reshape_19 = grad_attention_reciprocal_2.reshape((2, 1, 16, 1))  # float32[2, 1, 16, 1]
            grad_attention_multiply_20 = grad_attention_subtract_3 * grad_attention_reshape_19  # float32[2, 1, 16, 32]
            grad_attention_transpose_4 = grad_attention_multiply_20.transpose((0, 2, 1, 3))  # float32[2, 16, 1, 32]
            grad_attention_reshape_20 = grad_attention_transpose_4.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_reshape_21 = grad_attention_reshape_20.reshape((32, 32))  # float32[32, 32]
            grad_attention_matmul_12 = grad_attention_reshape_21 @ attention_query_2  # float32[32, 32]
            grad_attention_matmul_13 = grad_attention_reshape_21.T @ attention_reshape_12  # float32[32, 32]
            grad_attention_reshape_22 = grad_attention_matmul_12.reshape((2, 16, 32))  # float32[2, 16, 32]
            grad_attention_add_8 = grad_attention_add_6 + grad_attention_reshape_22  # float32[2, 16, 32]
            grad_attention_multiply_21 = grad_attention_add_8 * attention_norm_gain_2  # float32[2, 16, 32]
            grad_attention_multiply_22 = grad_attention_add_8 * attention_rms_norm_6  # float32[2, 16, 32]
            grad_attention_reduce_sum_8 = jnp.sum(grad_attention_multiply_22, axis=(0, 1), keepdims=True)  # float32[1, 1, 32]
            grad_attention_reshape_23 = grad_attention_reduce_sum_8.reshape((32,))  # float32[32]
            grad_attention_multiply_23 = grad_attention_multiply_21 * attention_rms_norm_6  # float32[2, 16, 32]
            grad_attention_reduce_sum_9 = jnp.sum(grad_attention_multiply_23, axis=(2,))  # float32[2, 16]
            grad_attention_multiply_24 = grad_attention_reduce_sum_9 * 0.03125  # float32[2, 16]
            grad_attention_reshape_24 = grad_attention_multiply_24.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_attention_multiply_25 = attention_rms_norm_6 * grad_attention_reshape_24  # float32[2, 16, 32]
            grad_attention_subtract_4 = grad_attention_multiply_21 - grad_attention_multiply_25  # float32[2, 16, 32]
            grad_attention_multiply_26 = blocks_add_5 * blocks_add_5  # float32[2, 16, 32]
            grad_attention_reduce_sum_10 = jnp.sum(grad_attention_multiply_26, axis=(2,))  # float32[2, 16]
            grad_attention_multiply_27 = grad_attention_reduce_sum_10 * 0.03125  # float32[2, 16]
            grad_attention_add_9 = grad_attention_multiply_27 + 0.000001  # float32[2, 16]
            grad_attention_sqrt_3 = jnp.sqrt(grad_attention_add_9)  # float32[2, 16]
            grad_attention_reciprocal_3 = 1.0 / grad_attention_sqrt_3  # float32[2, 16]
            grad_attention_reshape_25 = grad_attention_reciprocal_3.reshape((2, 16, 1))  # float32[2, 16, 1]
            grad_attention_multiply_28 = grad_attention_subtract_4 * grad_attention_reshape_25  # float32[2, 16, 32]
            grad_attention_add_10 = grad_mlp_add_4 + grad_attention_multiply_28  # float32[2, 16, 32]
        return grad_attention_add_10, (
            grad_attention_reshape_23,
            grad_attention_matmul_13,
            grad_attention_matmul_11,
            grad_attention_matmul_9,
            grad_attention_reshape_17,
            grad_attention_reshape_11,
            grad_attention_matmul_2,
            grad_mlp_reshape_7,
            grad_mlp_matmul_4,
            grad_mlp_matmul_6,
            grad_mlp_matmul_2,
        )

    with jax.named_scope("blocks"):
        last_grad_attention_add_3, (
            all_grad_attention_reshape_23,
            all_grad_attention_matmul_13,
            all_grad_attention_matmul_11,
            all_grad_attention_matmul_9,
            all_grad_attention_reshape_17,
            all_grad_attention_reshape_11,
            all_grad_attention_matmul_2,
            all_grad_mlp_reshape_7,
            all_grad_mlp_matmul_4,
            all_grad_mlp_matmul_6,
            all_grad_mlp_matmul_2,
        ) = jax.lax.scan(
            blocks_backward,
            grad_head_multiply_9,
            (
                state["blocks.*.mlp.down"],
                all_mlp_reshape_4,
                all_mlp_reshape_2,
                all_mlp_silu,
                all_mlp_reshape_3,
                state["blocks.*.mlp.gate"],
                all_mlp_reshape,
                state["blocks.*.mlp.up"],
                state["blocks.*.mlp.norm.gain"],
                all_mlp_rms_norm,
                all_blocks_add_2,
                state["blocks.*.attention.output"],
                all_attention_reshape_9,
                all_attention_attention,
                all_attention_rotary_embedding,
                all_attention_rotary_embedding_2,
                all_attention_transpose_3,
                state["blocks.*.attention.value"],
                all_attention_reshape,
                state["blocks.*.attention.keyNorm.gain"],
                all_attention_rms_norm_3,
                all_attention_transpose_2,
                state["blocks.*.attention.key"],
                state["blocks.*.attention.queryNorm.gain"],
                all_attention_rms_norm_2,
                all_attention_transpose,
                state["blocks.*.attention.query"],
                state["blocks.*.attention.norm.gain"],
                all_attention_rms_norm,
                all_blocks_add_before,
            ),
            reverse=True,
        )
    with jax.named_scope("embedding"):
        grad_embedding_scatter_add_rows = jnp.full((64, 32), 0.0, jnp.float32).at[inputs["tokens"]].add(last_grad_attention_add_3)  # float32[64, 32]
    with jax.named_scope("optimizer.embedding"):
        embedding_multiply = grad_embedding_scatter_add_rows * grad_embedding_scatter_add_rows  # float32[64, 32]
        embedding_reduce_sum = jnp.sum(embedding_multiply, axis=(0, 1))  # float32[]

    def blocks_update(layer):
        (
            grad_attention_reshape_26,  # float32[32]
            grad_attention_matmul_14,  # float32[32, 32]
            grad_attention_matmul_15,  # float32[32, 32]
            grad_attention_matmul_16,  # float32[32, 32]
            grad_attention_reshape_27,  # float32[32]
            grad_attention_reshape_28,  # float32[32]
            grad_attention_matmul_17,  # float32[32, 32]
            grad_mlp_reshape_10,  # float32[32]
            grad_mlp_matmul_7,  # float32[96, 32]
            grad_mlp_matmul_8,  # float32[96, 32]
            grad_mlp_matmul_9,  # float32[32, 96]
        ) = layer
        with jax.named_scope("attention.norm.gain"):
            gain_multiply = grad_attention_reshape_26 * grad_attention_reshape_26  # float32[32]
            gain_reduce_sum = jnp.sum(gain_multiply, axis=(0,))  # float32[]
        with jax.named_scope("attention.query"):
            query_multiply = grad_attention_matmul_14 * grad_attention_matmul_14  # float32[32, 32]
            query_reduce_sum = jnp.sum(query_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.key"):
            key_multiply = grad_attention_matmul_15 * grad_attention_matmul_15  # float32[32, 32]
            key_reduce_sum = jnp.sum(key_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.value"):
            value_multiply = grad_attention_matmul_16 * grad_attention_matmul_16  # float32[32, 32]
            value_reduce_sum = jnp.sum(value_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.queryNorm.gain"):
            gain_multiply_2 = grad_attention_reshape_27 * grad_attention_reshape_27  # float32[32]
            gain_reduce_sum_2 = jnp.sum(gain_multiply_2, axis=(0,))  # float32[]
        with jax.named_scope("attention.keyNorm.gain"):
            gain_multiply_3 = grad_attention_reshape_28 * grad_attention_reshape_28  # float32[32]
            gain_reduce_sum_3 = jnp.sum(gain_multiply_3, axis=(0,))  # float32[]
        with jax.named_scope("attention.output"):
            output_multiply = grad_attention_matmul_17 * grad_attention_matmul_17  # float32[32, 32]
            output_reduce_sum = jnp.sum(output_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("mlp.norm.gain"):
            gain_multiply_4 = grad_mlp_reshape_10 * grad_mlp_reshape_10  # float32[32]
            gain_reduce_sum_4 = jnp.sum(gain_multiply_4, axis=(0,))  # float32[]
        with jax.named_scope("mlp.gate"):
            gate_multiply = grad_mlp_matmul_7 * grad_mlp_matmul_7  # float32[96, 32]
            gate_reduce_sum = jnp.sum(gate_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("mlp.up"):
            up_multiply = grad_mlp_matmul_8 * grad_mlp_matmul_8  # float32[96, 32]
            up_reduce_sum = jnp.sum(up_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("mlp.down"):
            down_multiply = grad_mlp_matmul_9 * grad_mlp_matmul_9  # float32[32, 96]
            down_reduce_sum = jnp.sum(down_multiply, axis=(0, 1))  # float32[]
        return (
            gain_reduce_sum,
            query_reduce_sum,
            key_reduce_sum,
            value_reduce_sum,
            gain_reduce_sum_2,
            gain_reduce_sum_3,
            output_reduce_sum,
            gain_reduce_sum_4,
            gate_reduce_sum,
            up_reduce_sum,
            down_reduce_sum,
        )

    with jax.named_scope("optimizer.blocks"):
        (
            all_gain_reduce_sum,
            all_query_reduce_sum,
            all_key_reduce_sum,
            all_value_reduce_sum,
            all_gain_reduce_sum_2,
            all_gain_reduce_sum_3,
            all_output_reduce_sum,
            all_gain_reduce_sum_4,
            all_gate_reduce_sum,
            all_up_reduce_sum,
            all_down_reduce_sum,
        ) = jax.vmap(blocks_update)(
            (
                all_grad_attention_reshape_23,
                all_grad_attention_matmul_13,
                all_grad_attention_matmul_11,
                all_grad_attention_matmul_9,
                all_grad_attention_reshape_17,
                all_grad_attention_reshape_11,
                all_grad_attention_matmul_2,
                all_grad_mlp_reshape_7,
                all_grad_mlp_matmul_4,
                all_grad_mlp_matmul_6,
                all_grad_mlp_matmul_2,
            ),
        )
    with jax.named_scope("optimizer.norm.gain"):
        gain_multiply_5 = grad_head_reshape_3 * grad_head_reshape_3  # float32[32]
        gain_reduce_sum_5 = jnp.sum(gain_multiply_5, axis=(0,))  # float32[]
    with jax.named_scope("optimizer.head"):
        head_multiply_3 = grad_head_matmul_2 * grad_head_matmul_2  # float32[64, 32]
        head_reduce_sum = jnp.sum(head_multiply_3, axis=(0, 1))  # float32[]

    def blocks_update_2(down_add, layer):
        (
            gain_reduce_sum_6,  # float32[]
            query_reduce_sum_2,  # float32[]
            key_reduce_sum_2,  # float32[]
            value_reduce_sum_2,  # float32[]
            gain_reduce_sum_7,  # float32[]
            gain_reduce_sum_8,  # float32[]
            output_reduce_sum_2,  # float32[]
            gain_reduce_sum_9,  # float32[]
            gate_reduce_sum_2,  # float32[]
            up_reduce_sum_2,  # float32[]
            down_reduce_sum_2,  # float32[]
        ) = layer
        with jax.named_scope("attention.norm.gain"):
            gain_add = down_add + gain_reduce_sum_6  # float32[]
        with jax.named_scope("attention.query"):
            query_add = gain_add + query_reduce_sum_2  # float32[]
        with jax.named_scope("attention.key"):
            key_add = query_add + key_reduce_sum_2  # float32[]
        with jax.named_scope("attention.value"):
            value_add = key_add + value_reduce_sum_2  # float32[]
        with jax.named_scope("attention.queryNorm.gain"):
            gain_add_2 = value_add + gain_reduce_sum_7  # float32[]
        with jax.named_scope("attention.keyNorm.gain"):
            gain_add_3 = gain_add_2 + gain_reduce_sum_8  # float32[]
        with jax.named_scope("attention.output"):
            output_add = gain_add_3 + output_reduce_sum_2  # float32[]
        with jax.named_scope("mlp.norm.gain"):
            gain_add_4 = output_add + gain_reduce_sum_9  # float32[]
        with jax.named_scope("mlp.gate"):
            gate_add = gain_add_4 + gate_reduce_sum_2  # float32[]
        with jax.named_scope("mlp.up"):
            up_add = gate_add + up_reduce_sum_2  # float32[]
        with jax.named_scope("mlp.down"):
            down_add_2 = up_add + down_reduce_sum_2  # float32[]
        return down_add_2, None

    with jax.named_scope("optimizer.blocks"):
        last_down_add, _ = jax.lax.scan(
            blocks_update_2,
            embedding_reduce_sum,
            (
                all_gain_reduce_sum,
                all_query_reduce_sum,
                all_key_reduce_sum,
                all_value_reduce_sum,
                all_gain_reduce_sum_2,
                all_gain_reduce_sum_3,
                all_output_reduce_sum,
                all_gain_reduce_sum_4,
                all_gate_reduce_sum,
                all_up_reduce_sum,
                all_down_reduce_sum,
            ),
            unroll=True,
        )
    with jax.named_scope("optimizer.norm.gain"):
        gain_add_5 = last_down_add + gain_reduce_sum_5  # float32[]
    with jax.named_scope("optimizer.head"):
        head_add = gain_add_5 + head_reduce_sum  # float32[]
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
        optimizer_multiply_2 = state["optimizer.groups.1.firstCorrection"] * 0.9  # float32[]
        optimizer_add_2 = optimizer_multiply_2 + 0.09999999999999998  # float32[]
        optimizer_multiply_3 = state["optimizer.groups.1.secondCorrection"] * 0.95  # float32[]
        optimizer_add_3 = optimizer_multiply_3 + 0.050000000000000044  # float32[]
        optimizer_where_3 = jnp.where(optimizer_and_2, optimizer_add_2, state["optimizer.groups.1.firstCorrection"])  # float32[]
        optimizer_where_4 = jnp.where(optimizer_and_2, optimizer_add_3, state["optimizer.groups.1.secondCorrection"])  # float32[]
        optimizer_multiply_4 = state["optimizer.groups.2.firstCorrection"] * 0.9  # float32[]
        optimizer_add_4 = optimizer_multiply_4 + 0.09999999999999998  # float32[]
        optimizer_multiply_5 = state["optimizer.groups.2.secondCorrection"] * 0.95  # float32[]
        optimizer_add_5 = optimizer_multiply_5 + 0.050000000000000044  # float32[]
        optimizer_where_5 = jnp.where(optimizer_and_2, optimizer_add_4, state["optimizer.groups.2.firstCorrection"])  # float32[]
        optimizer_where_6 = jnp.where(optimizer_and_2, optimizer_add_5, state["optimizer.groups.2.secondCorrection"])  # float32[]
        optimizer_multiply_6 = state["optimizer.groups.3.firstCorrection"] * 0.9  # float32[]
        optimizer_add_6 = optimizer_multiply_6 + 0.09999999999999998  # float32[]
        optimizer_multiply_7 = state["optimizer.groups.3.secondCorrection"] * 0.95  # float32[]
        optimizer_add_7 = optimizer_multiply_7 + 0.050000000000000044  # float32[]
        optimizer_where_7 = jnp.where(optimizer_and_2, optimizer_add_6, state["optimizer.groups.3.firstCorrection"])  # float32[]
        optimizer_where_8 = jnp.where(optimizer_and_2, optimizer_add_7, state["optimizer.groups.3.secondCorrection"])  # float32[]
    with jax.named_scope("optimizer.embedding"):
        embedding_where = jnp.where(optimizer_and_2, grad_embedding_scatter_add_rows, 0.0)  # float32[64, 32]
    with jax.named_scope("optimizer"):
        optimizer_sqrt_2 = jnp.sqrt(optimizer_add_3)  # float32[]
        optimizer_multiply_8 = inputs["scheduleFactor"] * 0.06  # float32[]
        optimizer_multiply_9 = optimizer_multiply_8 * optimizer_sqrt_2  # float32[]
        optimizer_divide_2 = optimizer_multiply_9 / optimizer_add_2  # float32[]
        optimizer_where_9 = jnp.where(optimizer_and_2, jnp.float32(0.9), jnp.float32(1.0))  # float32[]
        optimizer_multiply_10 = optimizer_where * 0.09999999999999998  # float32[]
        optimizer_where_10 = jnp.where(optimizer_and_2, jnp.float32(0.95), jnp.float32(1.0))  # float32[]
        optimizer_multiply_11 = optimizer_where * optimizer_where  # float32[]
        optimizer_multiply_12 = optimizer_multiply_11 * 0.050000000000000044  # float32[]
        optimizer_where_11 = jnp.where(optimizer_and_2, optimizer_multiply_12, -1.0)  # float32[]
        optimizer_where_12 = jnp.where(optimizer_and_2, optimizer_divide_2, 0.0)  # float32[]
        optimizer_multiply_13 = optimizer_sqrt_2 * 1e-10  # float32[]
    with jax.named_scope("optimizer.embedding"):
        embedding_multiply_2 = state["optimizer.embedding.firstMoment"] * optimizer_where_9  # float32[64, 32]
        embedding_multiply_3 = embedding_where * optimizer_multiply_10  # float32[64, 32]
        embedding_add = embedding_multiply_2 + embedding_multiply_3  # float32[64, 32]
        embedding_multiply_4 = state["optimizer.embedding.secondMoment"] * optimizer_where_10  # float32[64, 32]
        embedding_multiply_5 = embedding_where * embedding_where  # float32[64, 32]
        embedding_multiply_6 = embedding_multiply_5 * optimizer_where_11  # float32[64, 32]
        embedding_add_2 = embedding_multiply_4 + embedding_multiply_6  # float32[64, 32]
        embedding_multiply_7 = embedding_add * optimizer_where_12  # float32[64, 32]
        embedding_add_3 = embedding_multiply_7 + optimizer_multiply  # float32[64, 32]
        embedding_sqrt = jnp.sqrt(embedding_add_2)  # float32[64, 32]
        embedding_add_4 = embedding_sqrt + optimizer_multiply_13  # float32[64, 32]
        embedding_divide = embedding_add_3 / embedding_add_4  # float32[64, 32]
        embedding_subtract = state["embedding"] - embedding_divide  # float32[64, 32]
    with jax.named_scope("optimizer"):
        optimizer_sqrt_3 = jnp.sqrt(optimizer_add_7)  # float32[]
        optimizer_multiply_14 = inputs["scheduleFactor"] * 0.01  # float32[]
        optimizer_multiply_15 = optimizer_multiply_14 * optimizer_sqrt_3  # float32[]
        optimizer_divide_3 = optimizer_multiply_15 / optimizer_add_6  # float32[]
        optimizer_where_13 = jnp.where(optimizer_and_2, optimizer_divide_3, 0.0)  # float32[]
        optimizer_multiply_16 = optimizer_sqrt_3 * 1e-10  # float32[]

    def blocks_update_3(layer):
        (
            grad_attention_reshape_29,  # float32[32]
            attention_norm_gain_first_moment,  # float32[32]
            attention_norm_gain_second_moment,  # float32[32]
            attention_norm_gain_3,  # float32[32]
            grad_attention_matmul_18,  # float32[32, 32]
            attention_query_first_moment,  # float32[32, 32]
            grad_attention_matmul_19,  # float32[32, 32]
            attention_key_first_moment,  # float32[32, 32]
            grad_attention_matmul_20,  # float32[32, 32]
            attention_value_first_moment,  # float32[32, 32]
            grad_attention_reshape_30,  # float32[32]
            attention_query_norm_gain_first_moment,  # float32[32]
            attention_query_norm_gain_second_moment,  # float32[32]
            attention_query_norm_gain_3,  # float32[32]
            grad_attention_reshape_31,  # float32[32]
            attention_key_norm_gain_first_moment,  # float32[32]
            attention_key_norm_gain_second_moment,  # float32[32]
            attention_key_norm_gain_3,  # float32[32]
            grad_attention_matmul_21,  # float32[32, 32]
            attention_output_first_moment,  # float32[32, 32]
            grad_mlp_reshape_11,  # float32[32]
            mlp_norm_gain_first_moment,  # float32[32]
            mlp_norm_gain_second_moment,  # float32[32]
            mlp_norm_gain_3,  # float32[32]
            grad_mlp_matmul_10,  # float32[96, 32]
            mlp_gate_first_moment,  # float32[96, 32]
            grad_mlp_matmul_11,  # float32[96, 32]
            mlp_up_first_moment,  # float32[96, 32]
            grad_mlp_matmul_12,  # float32[32, 96]
            mlp_down_first_moment,  # float32[32, 96]
        ) = layer
        with jax.named_scope("attention.norm.gain"):
            gain_where = jnp.where(optimizer_and_2, grad_attention_reshape_29, 0.0)  # float32[32]
            gain_multiply_6 = attention_norm_gain_first_moment * optimizer_where_9  # float32[32]
            gain_multiply_7 = gain_where * optimizer_multiply_10  # float32[32]
            gain_add_6 = gain_multiply_6 + gain_multiply_7  # float32[32]
            gain_multiply_8 = attention_norm_gain_second_moment * optimizer_where_10  # float32[32]
            gain_multiply_9 = gain_where * gain_where  # float32[32]
            gain_multiply_10 = gain_multiply_9 * optimizer_where_11  # float32[32]
            gain_add_7 = gain_multiply_8 + gain_multiply_10  # float32[32]
            gain_multiply_11 = gain_add_6 * optimizer_where_13  # float32[32]
            gain_add_8 = gain_multiply_11 + optimizer_multiply  # float32[32]
            gain_sqrt = jnp.sqrt(gain_add_7)  # float32[32]
            gain_add_9 = gain_sqrt + optimizer_multiply_16  # float32[32]
            gain_divide = gain_add_8 / gain_add_9  # float32[32]
            gain_subtract = attention_norm_gain_3 - gain_divide  # float32[32]
        with jax.named_scope("attention.query"):
            query_where = jnp.where(optimizer_and_2, grad_attention_matmul_18, 0.0)  # float32[32, 32]
            query_multiply_2 = query_where * optimizer_where  # float32[32, 32]
            query_multiply_3 = attention_query_first_moment * optimizer_where_10  # float32[32, 32]
            query_add_2 = query_multiply_3 + query_multiply_2  # float32[32, 32]
            query_multiply_4 = query_add_2 * 0.95  # float32[32, 32]
            query_add_3 = query_multiply_2 + query_multiply_4  # float32[32, 32]
        with jax.named_scope("attention.key"):
            key_where = jnp.where(optimizer_and_2, grad_attention_matmul_19, 0.0)  # float32[32, 32]
            key_multiply_2 = key_where * optimizer_where  # float32[32, 32]
            key_multiply_3 = attention_key_first_moment * optimizer_where_10  # float32[32, 32]
            key_add_2 = key_multiply_3 + key_multiply_2  # float32[32, 32]
            key_multiply_4 = key_add_2 * 0.95  # float32[32, 32]
            key_add_3 = key_multiply_2 + key_multiply_4  # float32[32, 32]
        with jax.named_scope("attention.value"):
            value_where = jnp.where(optimizer_and_2, grad_attention_matmul_20, 0.0)  # float32[32, 32]
            value_multiply_2 = value_where * optimizer_where  # float32[32, 32]
            value_multiply_3 = attention_value_first_moment * optimizer_where_10  # float32[32, 32]
            value_add_2 = value_multiply_3 + value_multiply_2  # float32[32, 32]
            value_multiply_4 = value_add_2 * 0.95  # float32[32, 32]
            value_add_3 = value_multiply_2 + value_multiply_4  # float32[32, 32]
        with jax.named_scope("attention.queryNorm.gain"):
            gain_where_2 = jnp.where(optimizer_and_2, grad_attention_reshape_30, 0.0)  # float32[32]
            gain_multiply_12 = attention_query_norm_gain_first_moment * optimizer_where_9  # float32[32]
            gain_multiply_13 = gain_where_2 * optimizer_multiply_10  # float32[32]
            gain_add_10 = gain_multiply_12 + gain_multiply_13  # float32[32]
            gain_multiply_14 = attention_query_norm_gain_second_moment * optimizer_where_10  # float32[32]
            gain_multiply_15 = gain_where_2 * gain_where_2  # float32[32]
            gain_multiply_16 = gain_multiply_15 * optimizer_where_11  # float32[32]
            gain_add_11 = gain_multiply_14 + gain_multiply_16  # float32[32]
            gain_multiply_17 = gain_add_10 * optimizer_where_13  # float32[32]
            gain_add_12 = gain_multiply_17 + optimizer_multiply  # float32[32]
            gain_sqrt_2 = jnp.sqrt(gain_add_11)  # float32[32]
            gain_add_13 = gain_sqrt_2 + optimizer_multiply_16  # float32[32]
            gain_divide_2 = gain_add_12 / gain_add_13  # float32[32]
            gain_subtract_2 = attention_query_norm_gain_3 - gain_divide_2  # float32[32]
        with jax.named_scope("attention.keyNorm.gain"):
            gain_where_3 = jnp.where(optimizer_and_2, grad_attention_reshape_31, 0.0)  # float32[32]
            gain_multiply_18 = attention_key_norm_gain_first_moment * optimizer_where_9  # float32[32]
            gain_multiply_19 = gain_where_3 * optimizer_multiply_10  # float32[32]
            gain_add_14 = gain_multiply_18 + gain_multiply_19  # float32[32]
            gain_multiply_20 = attention_key_norm_gain_second_moment * optimizer_where_10  # float32[32]
            gain_multiply_21 = gain_where_3 * gain_where_3  # float32[32]
            gain_multiply_22 = gain_multiply_21 * optimizer_where_11  # float32[32]
            gain_add_15 = gain_multiply_20 + gain_multiply_22  # float32[32]
            gain_multiply_23 = gain_add_14 * optimizer_where_13  # float32[32]
            gain_add_16 = gain_multiply_23 + optimizer_multiply  # float32[32]
            gain_sqrt_3 = jnp.sqrt(gain_add_15)  # float32[32]
            gain_add_17 = gain_sqrt_3 + optimizer_multiply_16  # float32[32]
            gain_divide_3 = gain_add_16 / gain_add_17  # float32[32]
            gain_subtract_3 = attention_key_norm_gain_3 - gain_divide_3  # float32[32]
        with jax.named_scope("attention.output"):
            output_where = jnp.where(optimizer_and_2, grad_attention_matmul_21, 0.0)  # float32[32, 32]
            output_multiply_2 = output_where * optimizer_where  # float32[32, 32]
            output_multiply_3 = attention_output_first_moment * optimizer_where_10  # float32[32, 32]
            output_add_2 = output_multiply_3 + output_multiply_2  # float32[32, 32]
            output_multiply_4 = output_add_2 * 0.95  # float32[32, 32]
            output_add_3 = output_multiply_2 + output_multiply_4  # float32[32, 32]
        with jax.named_scope("mlp.norm.gain"):
            gain_where_4 = jnp.where(optimizer_and_2, grad_mlp_reshape_11, 0.0)  # float32[32]
            gain_multiply_24 = mlp_norm_gain_first_moment * optimizer_where_9  # float32[32]
            gain_multiply_25 = gain_where_4 * optimizer_multiply_10  # float32[32]
            gain_add_18 = gain_multiply_24 + gain_multiply_25  # float32[32]
            gain_multiply_26 = mlp_norm_gain_second_moment * optimizer_where_10  # float32[32]
            gain_multiply_27 = gain_where_4 * gain_where_4  # float32[32]
            gain_multiply_28 = gain_multiply_27 * optimizer_where_11  # float32[32]
            gain_add_19 = gain_multiply_26 + gain_multiply_28  # float32[32]
            gain_multiply_29 = gain_add_18 * optimizer_where_13  # float32[32]
            gain_add_20 = gain_multiply_29 + optimizer_multiply  # float32[32]
            gain_sqrt_4 = jnp.sqrt(gain_add_19)  # float32[32]
            gain_add_21 = gain_sqrt_4 + optimizer_multiply_16  # float32[32]
            gain_divide_4 = gain_add_20 / gain_add_21  # float32[32]
            gain_subtract_4 = mlp_norm_gain_3 - gain_divide_4  # float32[32]
        with jax.named_scope("mlp.gate"):
            gate_where = jnp.where(optimizer_and_2, grad_mlp_matmul_10, 0.0)  # float32[96, 32]
            gate_multiply_2 = gate_where * optimizer_where  # float32[96, 32]
            gate_multiply_3 = mlp_gate_first_moment * optimizer_where_10  # float32[96, 32]
            gate_add_2 = gate_multiply_3 + gate_multiply_2  # float32[96, 32]
            gate_multiply_4 = gate_add_2 * 0.95  # float32[96, 32]
            gate_add_3 = gate_multiply_2 + gate_multiply_4  # float32[96, 32]
        with jax.named_scope("mlp.up"):
            up_where = jnp.where(optimizer_and_2, grad_mlp_matmul_11, 0.0)  # float32[96, 32]
            up_multiply_2 = up_where * optimizer_where  # float32[96, 32]
            up_multiply_3 = mlp_up_first_moment * optimizer_where_10  # float32[96, 32]
            up_add_2 = up_multiply_3 + up_multiply_2  # float32[96, 32]
            up_multiply_4 = up_add_2 * 0.95  # float32[96, 32]
            up_add_3 = up_multiply_2 + up_multiply_4  # float32[96, 32]
        with jax.named_scope("mlp.down"):
            down_where = jnp.where(optimizer_and_2, grad_mlp_matmul_12, 0.0)  # float32[32, 96]
            down_multiply_2 = down_where * optimizer_where  # float32[32, 96]
            down_multiply_3 = mlp_down_first_moment * optimizer_where_10  # float32[32, 96]
            down_add_3 = down_multiply_3 + down_multiply_2  # float32[32, 96]
            down_multiply_4 = down_add_3 * 0.95  # float32[32, 96]
            down_add_4 = down_multiply_2 + down_multiply_4  # float32[32, 96]
        return (
            query_add_3,
            key_add_3,
            value_add_3,
            output_add_3,
            gate_add_3,
            up_add_3,
            down_add_4,
            gain_subtract,
            gain_subtract_2,
            gain_subtract_3,
            gain_subtract_4,
            gain_add_6,
            gain_add_7,
            query_add_2,
            key_add_2,
            value_add_2,
            gain_add_10,
            gain_add_11,
            gain_add_14,
            gain_add_15,
            output_add_2,
            gain_add_18,
            gain_add_19,
            gate_add_2,
            up_add_2,
            down_add_3,
        )

    with jax.named_scope("optimizer.blocks"):
        (
            all_query_add_3,
            all_key_add_3,
            all_value_add_3,
            all_output_add_3,
            all_gate_add_3,
            all_up_add_3,
            all_down_add_4,
            all_gain_subtract,
            all_gain_subtract_2,
            all_gain_subtract_3,
            all_gain_subtract_4,
            all_gain_add_6,
            all_gain_add_7,
            all_query_add_2,
            all_key_add_2,
            all_value_add_2,
            all_gain_add_10,
            all_gain_add_11,
            all_gain_add_14,
            all_gain_add_15,
            all_output_add_2,
            all_gain_add_18,
            all_gain_add_19,
            all_gate_add_2,
            all_up_add_2,
            all_down_add_3,
        ) = jax.vmap(blocks_update_3)(
            (
                all_grad_attention_reshape_23,
                state["optimizer.blocks.*.attention.norm.gain.firstMoment"],
                state["optimizer.blocks.*.attention.norm.gain.secondMoment"],
                state["blocks.*.attention.norm.gain"],
                all_grad_attention_matmul_13,
                state["optimizer.blocks.*.attention.query.firstMoment"],
                all_grad_attention_matmul_11,
                state["optimizer.blocks.*.attention.key.firstMoment"],
                all_grad_attention_matmul_9,
                state["optimizer.blocks.*.attention.value.firstMoment"],
                all_grad_attention_reshape_17,
                state["optimizer.blocks.*.attention.queryNorm.gain.firstMoment"],
                state["optimizer.blocks.*.attention.queryNorm.gain.secondMoment"],
                state["blocks.*.attention.queryNorm.gain"],
                all_grad_attention_reshape_11,
                state["optimizer.blocks.*.attention.keyNorm.gain.firstMoment"],
                state["optimizer.blocks.*.attention.keyNorm.gain.secondMoment"],
                state["blocks.*.attention.keyNorm.gain"],
                all_grad_attention_matmul_2,
                state["optimizer.blocks.*.attention.output.firstMoment"],
                all_grad_mlp_reshape_7,
                state["optimizer.blocks.*.mlp.norm.gain.firstMoment"],
                state["optimizer.blocks.*.mlp.norm.gain.secondMoment"],
                state["blocks.*.mlp.norm.gain"],
                all_grad_mlp_matmul_4,
                state["optimizer.blocks.*.mlp.gate.firstMoment"],
                all_grad_mlp_matmul_6,
                state["optimizer.blocks.*.mlp.up.firstMoment"],
                all_grad_mlp_matmul_2,
                state["optimizer.blocks.*.mlp.down.firstMoment"],
            ),
        )
    with jax.named_scope("optimizer.norm.gain"):
        gain_where_5 = jnp.where(optimizer_and_2, grad_head_reshape_3, 0.0)  # float32[32]
        gain_multiply_30 = state["optimizer.norm.gain.firstMoment"] * optimizer_where_9  # float32[32]
        gain_multiply_31 = gain_where_5 * optimizer_multiply_10  # float32[32]
        gain_add_22 = gain_multiply_30 + gain_multiply_31  # float32[32]
        gain_multiply_32 = state["optimizer.norm.gain.secondMoment"] * optimizer_where_10  # float32[32]
        gain_multiply_33 = gain_where_5 * gain_where_5  # float32[32]
        gain_multiply_34 = gain_multiply_33 * optimizer_where_11  # float32[32]
        gain_add_23 = gain_multiply_32 + gain_multiply_34  # float32[32]
        gain_multiply_35 = gain_add_22 * optimizer_where_13  # float32[32]
        gain_add_24 = gain_multiply_35 + optimizer_multiply  # float32[32]
        gain_sqrt_5 = jnp.sqrt(gain_add_23)  # float32[32]
        gain_add_25 = gain_sqrt_5 + optimizer_multiply_16  # float32[32]
        gain_divide_5 = gain_add_24 / gain_add_25  # float32[32]
        gain_subtract_5 = state["norm.gain"] - gain_divide_5  # float32[32]
    with jax.named_scope("optimizer.head"):
        head_where = jnp.where(optimizer_and_2, grad_head_matmul_2, 0.0)  # float32[64, 32]
    with jax.named_scope("optimizer"):
        optimizer_sqrt_4 = jnp.sqrt(optimizer_add_5)  # float32[]
        optimizer_multiply_17 = inputs["scheduleFactor"] * 0.02  # float32[]
        optimizer_multiply_18 = optimizer_multiply_17 * optimizer_sqrt_4  # float32[]
        optimizer_divide_4 = optimizer_multiply_18 / optimizer_add_4  # float32[]
        optimizer_where_14 = jnp.where(optimizer_and_2, optimizer_divide_4, 0.0)  # float32[]
        optimizer_multiply_19 = optimizer_sqrt_4 * 1e-10  # float32[]
    with jax.named_scope("optimizer.head"):
        head_multiply_4 = state["optimizer.head.firstMoment"] * optimizer_where_9  # float32[64, 32]
        head_multiply_5 = head_where * optimizer_multiply_10  # float32[64, 32]
        head_add_2 = head_multiply_4 + head_multiply_5  # float32[64, 32]
        head_multiply_6 = state["optimizer.head.secondMoment"] * optimizer_where_10  # float32[64, 32]
        head_multiply_7 = head_where * head_where  # float32[64, 32]
        head_multiply_8 = head_multiply_7 * optimizer_where_11  # float32[64, 32]
        head_add_3 = head_multiply_6 + head_multiply_8  # float32[64, 32]
        head_multiply_9 = head_add_2 * optimizer_where_14  # float32[64, 32]
        head_add_4 = head_multiply_9 + optimizer_multiply  # float32[64, 32]
        head_sqrt = jnp.sqrt(head_add_3)  # float32[64, 32]
        head_add_5 = head_sqrt + optimizer_multiply_19  # float32[64, 32]
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
        optimizer_multiply_20 = optimizer_concatenate * optimizer_concatenate  # float32[16, 32, 32]
        optimizer_reduce_sum = jnp.sum(optimizer_multiply_20, axis=(1, 2), keepdims=True)  # float32[16, 1, 1]
        optimizer_sqrt_5 = jnp.sqrt(optimizer_reduce_sum)  # float32[16, 1, 1]
        optimizer_add_8 = optimizer_sqrt_5 + 1e-7  # float32[16, 1, 1]
        optimizer_reciprocal = 1.0 / optimizer_add_8  # float32[16, 1, 1]
        optimizer_multiply_21 = optimizer_concatenate * optimizer_reciprocal  # float32[16, 32, 32]
        optimizer_matmul = optimizer_multiply_21 @ jnp.swapaxes(optimizer_multiply_21, -1, -2)  # float32[16, 32, 32]
        optimizer_multiply_22 = optimizer_matmul * -4.775  # float32[16, 32, 32]
        optimizer_matmul_2 = optimizer_matmul @ optimizer_matmul  # float32[16, 32, 32]
        optimizer_multiply_23 = optimizer_matmul_2 * 2.0315  # float32[16, 32, 32]
        optimizer_add_9 = optimizer_multiply_22 + optimizer_multiply_23  # float32[16, 32, 32]
        optimizer_multiply_24 = optimizer_multiply_21 * 3.4445  # float32[16, 32, 32]
        optimizer_matmul_3 = optimizer_add_9 @ optimizer_multiply_21  # float32[16, 32, 32]
        optimizer_add_10 = optimizer_multiply_24 + optimizer_matmul_3  # float32[16, 32, 32]
        optimizer_matmul_4 = optimizer_add_10 @ jnp.swapaxes(optimizer_add_10, -1, -2)  # float32[16, 32, 32]
        optimizer_multiply_25 = optimizer_matmul_4 * -4.775  # float32[16, 32, 32]
        optimizer_matmul_5 = optimizer_matmul_4 @ optimizer_matmul_4  # float32[16, 32, 32]
        optimizer_multiply_26 = optimizer_matmul_5 * 2.0315  # float32[16, 32, 32]
        optimizer_add_11 = optimizer_multiply_25 + optimizer_multiply_26  # float32[16, 32, 32]
        optimizer_multiply_27 = optimizer_add_10 * 3.4445  # float32[16, 32, 32]
        optimizer_matmul_6 = optimizer_add_11 @ optimizer_add_10  # float32[16, 32, 32]
        optimizer_add_12 = optimizer_multiply_27 + optimizer_matmul_6  # float32[16, 32, 32]
        optimizer_matmul_7 = optimizer_add_12 @ jnp.swapaxes(optimizer_add_12, -1, -2)  # float32[16, 32, 32]
        optimizer_multiply_28 = optimizer_matmul_7 * -4.775  # float32[16, 32, 32]
        optimizer_matmul_8 = optimizer_matmul_7 @ optimizer_matmul_7  # float32[16, 32, 32]
        optimizer_multiply_29 = optimizer_matmul_8 * 2.0315  # float32[16, 32, 32]
        optimizer_add_13 = optimizer_multiply_28 + optimizer_multiply_29  # float32[16, 32, 32]
        optimizer_multiply_30 = optimizer_add_12 * 3.4445  # float32[16, 32, 32]
        optimizer_matmul_9 = optimizer_add_13 @ optimizer_add_12  # float32[16, 32, 32]
        optimizer_add_14 = optimizer_multiply_30 + optimizer_matmul_9  # float32[16, 32, 32]
        optimizer_matmul_10 = optimizer_add_14 @ jnp.swapaxes(optimizer_add_14, -1, -2)  # float32[16, 32, 32]
        optimizer_multiply_31 = optimizer_matmul_10 * -4.775  # float32[16, 32, 32]
        optimizer_matmul_11 = optimizer_matmul_10 @ optimizer_matmul_10  # float32[16, 32, 32]
        optimizer_multiply_32 = optimizer_matmul_11 * 2.0315  # float32[16, 32, 32]
        optimizer_add_15 = optimizer_multiply_31 + optimizer_multiply_32  # float32[16, 32, 32]
        optimizer_multiply_33 = optimizer_add_14 * 3.4445  # float32[16, 32, 32]
        optimizer_matmul_12 = optimizer_add_15 @ optimizer_add_14  # float32[16, 32, 32]
        optimizer_add_16 = optimizer_multiply_33 + optimizer_matmul_12  # float32[16, 32, 32]
        optimizer_matmul_13 = optimizer_add_16 @ jnp.swapaxes(optimizer_add_16, -1, -2)  # float32[16, 32, 32]
        optimizer_multiply_34 = optimizer_matmul_13 * -4.775  # float32[16, 32, 32]
        optimizer_matmul_14 = optimizer_matmul_13 @ optimizer_matmul_13  # float32[16, 32, 32]
        optimizer_multiply_35 = optimizer_matmul_14 * 2.0315  # float32[16, 32, 32]
        optimizer_add_17 = optimizer_multiply_34 + optimizer_multiply_35  # float32[16, 32, 32]
        optimizer_multiply_36 = optimizer_add_16 * 3.4445  # float32[16, 32, 32]
        optimizer_matmul_15 = optimizer_add_17 @ optimizer_add_16  # float32[16, 32, 32]
        optimizer_add_18 = optimizer_multiply_36 + optimizer_matmul_15  # float32[16, 32, 32]

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
                optimizer_add_18[0:13:4, None],
                optimizer_add_18[1:14:4, None],
                optimizer_add_18[2:15:4, None],
                optimizer_add_18[3:16:4, None],
            ),
        )
    with jax.named_scope("optimizer"):
        optimizer_where_15 = jnp.where(optimizer_and_2, optimizer_multiply_17, 0.0)  # float32[]

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
            query_multiply_5 = query_reshape_3 * optimizer_where_15  # float32[32, 32]
            query_add_5 = query_multiply_5 + optimizer_multiply  # float32[32, 32]
            query_subtract = attention_query_3 - query_add_5  # float32[32, 32]
        with jax.named_scope("attention.key"):
            key_multiply_5 = key_reshape_3 * optimizer_where_15  # float32[32, 32]
            key_add_5 = key_multiply_5 + optimizer_multiply  # float32[32, 32]
            key_subtract = attention_key_3 - key_add_5  # float32[32, 32]
        with jax.named_scope("attention.value"):
            value_multiply_5 = value_reshape_3 * optimizer_where_15  # float32[32, 32]
            value_add_5 = value_multiply_5 + optimizer_multiply  # float32[32, 32]
            value_subtract = attention_value_3 - value_add_5  # float32[32, 32]
        with jax.named_scope("attention.output"):
            output_multiply_5 = output_reshape_3 * optimizer_where_15  # float32[32, 32]
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
            gate_add_4,  # float32[96, 32]
            up_add_4,  # float32[96, 32]
        ) = layer
        with jax.named_scope("mlp.gate"):
            gate_reshape = gate_add_4.reshape((1, 96, 32))  # float32[1, 96, 32]
        with jax.named_scope("mlp.up"):
            up_reshape = up_add_4.reshape((1, 96, 32))  # float32[1, 96, 32]
        return (gate_reshape, up_reshape)

    with jax.named_scope("optimizer.blocks"):
        (all_gate_reshape, all_up_reshape) = jax.vmap(blocks_update_7)(
            (
                all_gate_add_3,
                all_up_add_3,
            ),
        )
    with jax.named_scope("optimizer"):
        optimizer_concatenate_2 = jnp.stack([all_gate_reshape, all_up_reshape], axis=1).reshape((8, 1, 96, 32)).reshape((8, 96, 32))  # float32[8, 96, 32]
        optimizer_multiply_37 = optimizer_concatenate_2 * optimizer_concatenate_2  # float32[8, 96, 32]
        optimizer_reduce_sum_2 = jnp.sum(optimizer_multiply_37, axis=(1, 2), keepdims=True)  # float32[8, 1, 1]
        optimizer_sqrt_6 = jnp.sqrt(optimizer_reduce_sum_2)  # float32[8, 1, 1]
        optimizer_transpose = optimizer_concatenate_2.transpose((0, 2, 1))  # float32[8, 32, 96]
        optimizer_add_19 = optimizer_sqrt_6 + 1e-7  # float32[8, 1, 1]
        optimizer_reciprocal_2 = 1.0 / optimizer_add_19  # float32[8, 1, 1]
        optimizer_multiply_38 = optimizer_transpose * optimizer_reciprocal_2  # float32[8, 32, 96]
        optimizer_matmul_16 = optimizer_multiply_38 @ jnp.swapaxes(optimizer_multiply_38, -1, -2)  # float32[8, 32, 32]
        optimizer_multiply_39 = optimizer_matmul_16 * -4.775  # float32[8, 32, 32]
        optimizer_matmul_17 = optimizer_matmul_16 @ optimizer_matmul_16  # float32[8, 32, 32]
        optimizer_multiply_40 = optimizer_matmul_17 * 2.0315  # float32[8, 32, 32]
        optimizer_add_20 = optimizer_multiply_39 + optimizer_multiply_40  # float32[8, 32, 32]
        optimizer_multiply_41 = optimizer_multiply_38 * 3.4445  # float32[8, 32, 96]
        optimizer_matmul_18 = optimizer_add_20 @ optimizer_multiply_38  # float32[8, 32, 96]
        optimizer_add_21 = optimizer_multiply_41 + optimizer_matmul_18  # float32[8, 32, 96]
        optimizer_matmul_19 = optimizer_add_21 @ jnp.swapaxes(optimizer_add_21, -1, -2)  # float32[8, 32, 32]
        optimizer_multiply_42 = optimizer_matmul_19 * -4.775  # float32[8, 32, 32]
        optimizer_matmul_20 = optimizer_matmul_19 @ optimizer_matmul_19  # float32[8, 32, 32]
        optimizer_multiply_43 = optimizer_matmul_20 * 2.0315  # float32[8, 32, 32]
        optimizer_add_22 = optimizer_multiply_42 + optimizer_multiply_43  # float32[8, 32, 32]
        optimizer_multiply_44 = optimizer_add_21 * 3.4445  # float32[8, 32, 96]
        optimizer_matmul_21 = optimizer_add_22 @ optimizer_add_21  # float32[8, 32, 96]
        optimizer_add_23 = optimizer_multiply_44 + optimizer_matmul_21  # float32[8, 32, 96]
        optimizer_matmul_22 = optimizer_add_23 @ jnp.swapaxes(optimizer_add_23, -1, -2)  # float32[8, 32, 32]
        optimizer_multiply_45 = optimizer_matmul_22 * -4.775  # float32[8, 32, 32]
        optimizer_matmul_23 = optimizer_matmul_22 @ optimizer_matmul_22  # float32[8, 32, 32]
        optimizer_multiply_46 = optimizer_matmul_23 * 2.0315  # float32[8, 32, 32]
        optimizer_add_24 = optimizer_multiply_45 + optimizer_multiply_46  # float32[8, 32, 32]
        optimizer_multiply_47 = optimizer_add_23 * 3.4445  # float32[8, 32, 96]
        optimizer_matmul_24 = optimizer_add_24 @ optimizer_add_23  # float32[8, 32, 96]
        optimizer_add_25 = optimizer_multiply_47 + optimizer_matmul_24  # float32[8, 32, 96]
        optimizer_matmul_25 = optimizer_add_25 @ jnp.swapaxes(optimizer_add_25, -1, -2)  # float32[8, 32, 32]
        optimizer_multiply_48 = optimizer_matmul_25 * -4.775  # float32[8, 32, 32]
        optimizer_matmul_26 = optimizer_matmul_25 @ optimizer_matmul_25  # float32[8, 32, 32]
        optimizer_multiply_49 = optimizer_matmul_26 * 2.0315  # float32[8, 32, 32]
        optimizer_add_26 = optimizer_multiply_48 + optimizer_multiply_49  # float32[8, 32, 32]
        optimizer_multiply_50 = optimizer_add_25 * 3.4445  # float32[8, 32, 96]
        optimizer_matmul_27 = optimizer_add_26 @ optimizer_add_25  # float32[8, 32, 96]
        optimizer_add_27 = optimizer_multiply_50 + optimizer_matmul_27  # float32[8, 32, 96]
        optimizer_matmul_28 = optimizer_add_27 @ jnp.swapaxes(optimizer_add_27, -1, -2)  # float32[8, 32, 32]
        optimizer_multiply_51 = optimizer_matmul_28 * -4.775  # float32[8, 32, 32]
        optimizer_matmul_29 = optimizer_matmul_28 @ optimizer_matmul_28  # float32[8, 32, 32]
        optimizer_multiply_52 = optimizer_matmul_29 * 2.0315  # float32[8, 32, 32]
        optimizer_add_28 = optimizer_multiply_51 + optimizer_multiply_52  # float32[8, 32, 32]
        optimizer_multiply_53 = optimizer_add_27 * 3.4445  # float32[8, 32, 96]
        optimizer_matmul_30 = optimizer_add_28 @ optimizer_add_27  # float32[8, 32, 96]
        optimizer_add_29 = optimizer_multiply_53 + optimizer_matmul_30  # float32[8, 32, 96]
        optimizer_transpose_2 = optimizer_add_29.transpose((0, 2, 1))  # float32[8, 96, 32]

    def blocks_update_8(layer):
        (
            gate_slice,  # float32[1, 96, 32]
            up_slice,  # float32[1, 96, 32]
        ) = layer
        with jax.named_scope("mlp.gate"):
            gate_reshape_2 = gate_slice.reshape((96, 32))  # float32[96, 32]
        with jax.named_scope("mlp.up"):
            up_reshape_2 = up_slice.reshape((96, 32))  # float32[96, 32]
        return (gate_reshape_2, up_reshape_2)

    with jax.named_scope("optimizer.blocks"):
        (all_gate_reshape_2, all_up_reshape_2) = jax.vmap(blocks_update_8)(
            (
                optimizer_transpose_2[0:7:2, None],
                optimizer_transpose_2[1:8:2, None],
            ),
        )
    with jax.named_scope("optimizer"):
        optimizer_multiply_54 = inputs["scheduleFactor"] * 0.034641016151377546  # float32[]
        optimizer_where_16 = jnp.where(optimizer_and_2, optimizer_multiply_54, 0.0)  # float32[]

    def blocks_update_9(layer):
        (
            gate_reshape_3,  # float32[96, 32]
            mlp_gate_3,  # float32[96, 32]
            up_reshape_3,  # float32[96, 32]
            mlp_up_3,  # float32[96, 32]
        ) = layer
        with jax.named_scope("mlp.gate"):
            gate_multiply_5 = gate_reshape_3 * optimizer_where_16  # float32[96, 32]
            gate_add_5 = gate_multiply_5 + optimizer_multiply  # float32[96, 32]
            gate_subtract = mlp_gate_3 - gate_add_5  # float32[96, 32]
        with jax.named_scope("mlp.up"):
            up_multiply_5 = up_reshape_3 * optimizer_where_16  # float32[96, 32]
            up_add_5 = up_multiply_5 + optimizer_multiply  # float32[96, 32]
            up_subtract = mlp_up_3 - up_add_5  # float32[96, 32]
        return (gate_subtract, up_subtract)

    with jax.named_scope("optimizer.blocks"):
        (all_gate_subtract, all_up_subtract) = jax.vmap(blocks_update_9)(
            (
                all_gate_reshape_2,
                state["blocks.*.mlp.gate"],
                all_up_reshape_2,
                state["blocks.*.mlp.up"],
            ),
        )

    def blocks_update_10(layer):
        (
            down_add_5,  # float32[32, 96]
        ) = layer
        with jax.named_scope("mlp.down"):
            down_reshape = down_add_5.reshape((1, 32, 96))  # float32[1, 32, 96]
        return (down_reshape,)

    with jax.named_scope("optimizer.blocks"):
        (all_down_reshape,) = jax.vmap(blocks_update_10)(
            (
                all_down_add_4,
            ),
        )
    with jax.named_scope("optimizer"):
        optimizer_concatenate_3 = all_down_reshape.reshape((4, 32, 96))  # float32[4, 32, 96]
        optimizer_multiply_55 = optimizer_concatenate_3 * optimizer_concatenate_3  # float32[4, 32, 96]
        optimizer_reduce_sum_3 = jnp.sum(optimizer_multiply_55, axis=(1, 2), keepdims=True)  # float32[4, 1, 1]
        optimizer_sqrt_7 = jnp.sqrt(optimizer_reduce_sum_3)  # float32[4, 1, 1]
        optimizer_add_30 = optimizer_sqrt_7 + 1e-7  # float32[4, 1, 1]
        optimizer_reciprocal_3 = 1.0 / optimizer_add_30  # float32[4, 1, 1]
        optimizer_multiply_56 = optimizer_concatenate_3 * optimizer_reciprocal_3  # float32[4, 32, 96]
        optimizer_matmul_31 = optimizer_multiply_56 @ jnp.swapaxes(optimizer_multiply_56, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_57 = optimizer_matmul_31 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_32 = optimizer_matmul_31 @ optimizer_matmul_31  # float32[4, 32, 32]
        optimizer_multiply_58 = optimizer_matmul_32 * 2.0315  # float32[4, 32, 32]
        optimizer_add_31 = optimizer_multiply_57 + optimizer_multiply_58  # float32[4, 32, 32]
        optimizer_multiply_59 = optimizer_multiply_56 * 3.4445  # float32[4, 32, 96]
        optimizer_matmul_33 = optimizer_add_31 @ optimizer_multiply_56  # float32[4, 32, 96]
        optimizer_add_32 = optimizer_multiply_59 + optimizer_matmul_33  # float32[4, 32, 96]
        optimizer_matmul_34 = optimizer_add_32 @ jnp.swapaxes(optimizer_add_32, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_60 = optimizer_matmul_34 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_35 = optimizer_matmul_34 @ optimizer_matmul_34  # float32[4, 32, 32]
        optimizer_multiply_61 = optimizer_matmul_35 * 2.0315  # float32[4, 32, 32]
        optimizer_add_33 = optimizer_multiply_60 + optimizer_multiply_61  # float32[4, 32, 32]
        optimizer_multiply_62 = optimizer_add_32 * 3.4445  # float32[4, 32, 96]
        optimizer_matmul_36 = optimizer_add_33 @ optimizer_add_32  # float32[4, 32, 96]
        optimizer_add_34 = optimizer_multiply_62 + optimizer_matmul_36  # float32[4, 32, 96]
        optimizer_matmul_37 = optimizer_add_34 @ jnp.swapaxes(optimizer_add_34, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_63 = optimizer_matmul_37 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_38 = optimizer_matmul_37 @ optimizer_matmul_37  # float32[4, 32, 32]
        optimizer_multiply_64 = optimizer_matmul_38 * 2.0315  # float32[4, 32, 32]
        optimizer_add_35 = optimizer_multiply_63 + optimizer_multiply_64  # float32[4, 32, 32]
        optimizer_multiply_65 = optimizer_add_34 * 3.4445  # float32[4, 32, 96]
        optimizer_matmul_39 = optimizer_add_35 @ optimizer_add_34  # float32[4, 32, 96]
        optimizer_add_36 = optimizer_multiply_65 + optimizer_matmul_39  # float32[4, 32, 96]
        optimizer_matmul_40 = optimizer_add_36 @ jnp.swapaxes(optimizer_add_36, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_66 = optimizer_matmul_40 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_41 = optimizer_matmul_40 @ optimizer_matmul_40  # float32[4, 32, 32]
        optimizer_multiply_67 = optimizer_matmul_41 * 2.0315  # float32[4, 32, 32]
        optimizer_add_37 = optimizer_multiply_66 + optimizer_multiply_67  # float32[4, 32, 32]
        optimizer_multiply_68 = optimizer_add_36 * 3.4445  # float32[4, 32, 96]
        optimizer_matmul_42 = optimizer_add_37 @ optimizer_add_36  # float32[4, 32, 96]
        optimizer_add_38 = optimizer_multiply_68 + optimizer_matmul_42  # float32[4, 32, 96]
        optimizer_matmul_43 = optimizer_add_38 @ jnp.swapaxes(optimizer_add_38, -1, -2)  # float32[4, 32, 32]
        optimizer_multiply_69 = optimizer_matmul_43 * -4.775  # float32[4, 32, 32]
        optimizer_matmul_44 = optimizer_matmul_43 @ optimizer_matmul_43  # float32[4, 32, 32]
        optimizer_multiply_70 = optimizer_matmul_44 * 2.0315  # float32[4, 32, 32]
        optimizer_add_39 = optimizer_multiply_69 + optimizer_multiply_70  # float32[4, 32, 32]
        optimizer_multiply_71 = optimizer_add_38 * 3.4445  # float32[4, 32, 96]
        optimizer_matmul_45 = optimizer_add_39 @ optimizer_add_38  # float32[4, 32, 96]
        optimizer_add_40 = optimizer_multiply_71 + optimizer_matmul_45  # float32[4, 32, 96]

    def blocks_update_11(layer):
        (
            down_slice,  # float32[1, 32, 96]
        ) = layer
        with jax.named_scope("mlp.down"):
            down_reshape_2 = down_slice.reshape((32, 96))  # float32[32, 96]
        return (down_reshape_2,)

    with jax.named_scope("optimizer.blocks"):
        (all_down_reshape_2,) = jax.vmap(blocks_update_11)(
            (
                optimizer_add_40[:, None],
            ),
        )

    def blocks_update_12(layer):
        (
            down_reshape_3,  # float32[32, 96]
            mlp_down_3,  # float32[32, 96]
        ) = layer
        with jax.named_scope("mlp.down"):
            down_multiply_5 = down_reshape_3 * optimizer_where_15  # float32[32, 96]
            down_add_6 = down_multiply_5 + optimizer_multiply  # float32[32, 96]
            down_subtract = mlp_down_3 - down_add_6  # float32[32, 96]
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
            "blocks.*.attention.norm.gain": all_gain_subtract,
            "blocks.*.attention.query": all_query_subtract,
            "blocks.*.attention.key": all_key_subtract,
            "blocks.*.attention.value": all_value_subtract,
            "blocks.*.attention.queryNorm.gain": all_gain_subtract_2,
            "blocks.*.attention.keyNorm.gain": all_gain_subtract_3,
            "blocks.*.attention.output": all_output_subtract,
            "blocks.*.mlp.norm.gain": all_gain_subtract_4,
            "blocks.*.mlp.gate": all_gate_subtract,
            "blocks.*.mlp.up": all_up_subtract,
            "blocks.*.mlp.down": all_down_subtract,
            "norm.gain": gain_subtract_5,
            "head": head_subtract,
            "optimizer.embedding.firstMoment": embedding_add,
            "optimizer.embedding.secondMoment": embedding_add_2,
            "optimizer.blocks.*.attention.norm.gain.firstMoment": all_gain_add_6,
            "optimizer.blocks.*.attention.norm.gain.secondMoment": all_gain_add_7,
            "optimizer.blocks.*.attention.query.firstMoment": all_query_add_2,
            "optimizer.blocks.*.attention.key.firstMoment": all_key_add_2,
            "optimizer.blocks.*.attention.value.firstMoment": all_value_add_2,
            "optimizer.blocks.*.attention.queryNorm.gain.firstMoment": all_gain_add_10,
            "optimizer.blocks.*.attention.queryNorm.gain.secondMoment": all_gain_add_11,
            "optimizer.blocks.*.attention.keyNorm.gain.firstMoment": all_gain_add_14,
            "optimizer.blocks.*.attention.keyNorm.gain.secondMoment": all_gain_add_15,
            "optimizer.blocks.*.attention.output.firstMoment": all_output_add_2,
            "optimizer.blocks.*.mlp.norm.gain.firstMoment": all_gain_add_18,
            "optimizer.blocks.*.mlp.norm.gain.secondMoment": all_gain_add_19,
            "optimizer.blocks.*.mlp.gate.firstMoment": all_gate_add_2,
            "optimizer.blocks.*.mlp.up.firstMoment": all_up_add_2,
            "optimizer.blocks.*.mlp.down.firstMoment": all_down_add_3,
            "optimizer.norm.gain.firstMoment": gain_add_22,
            "optimizer.norm.gain.secondMoment": gain_add_23,
            "optimizer.head.firstMoment": head_add_2,
            "optimizer.head.secondMoment": head_add_3,
            "optimizer.groups.1.firstCorrection": optimizer_where_3,
            "optimizer.groups.1.secondCorrection": optimizer_where_4,
            "optimizer.groups.2.firstCorrection": optimizer_where_5,
            "optimizer.groups.2.secondCorrection": optimizer_where_6,
            "optimizer.groups.3.firstCorrection": optimizer_where_7,
            "optimizer.groups.3.secondCorrection": optimizer_where_8,
        },
        {
            "loss": loss_divide,
            "gradientNorm": optimizer_sqrt,
            "isApplied": optimizer_cast,
        },
    )
