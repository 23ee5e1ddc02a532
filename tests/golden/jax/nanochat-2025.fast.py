"""A training step of nanochat-2025."""

import jax
import jax.numpy as jnp

FORMAT = 1
PROGRAM = "55859b54842fce552be8fd047af502566032d6ce02e1cdd88dc69a5821416838"

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
    "tokens": ((4, 16), "int32"),
    "targets": ((4, 16), "int32"),
    "weights": ((4, 16), "float32"),
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


# For the backward pass only x is kept; the rest costs less to compute again than to write and read.
rms_norm = jax.checkpoint(rms_norm, prevent_cse=False, static_argnums=(1,))


def relu_squared(x):
    """max(x, 0)^2."""
    return jnp.square(jax.nn.relu(x))


# For the backward pass only x is kept; the rest costs less to compute again than to write and read.
relu_squared = jax.checkpoint(relu_squared, prevent_cse=False)


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


def loss(parameters, rows):
    """The share of one micro-batch in the loss of the step."""
    with jax.named_scope("positions"):
        positions_multiply = jnp.arange(16, dtype=jnp.float32) * -0.0625  # float32[16]
        positions_power = jnp.power(10000.0, positions_multiply)  # float32[16]
        positions_reshape = jnp.arange(16, dtype=jnp.float32).reshape((16, 1))  # float32[16, 1]
        positions_multiply_2 = positions_reshape * positions_power  # float32[16, 16]
        positions_cos = jnp.cos(positions_multiply_2)  # float32[16, 16]
        positions_sin = jnp.sin(positions_multiply_2)  # float32[16, 16]
    with jax.named_scope("embedding"):
        embedding_gather_rows = jnp.take(parameters["embedding"], rows["tokens"], axis=0, mode="clip")  # float32[2, 16, 32]
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
            mlp_relu_squared = relu_squared(mlp_reshape_2)  # float32[2, 16, 128]
            mlp_reshape_3 = mlp_relu_squared.reshape((32, 128))  # float32[32, 128]
            mlp_matmul_2 = mlp_reshape_3 @ mlp_down.T  # float32[32, 32]
            mlp_reshape_4 = mlp_matmul_2.reshape((2, 16, 32))  # float32[2, 16, 32]
        blocks_add_3 = blocks_add_2 + mlp_reshape_4  # float32[2, 16, 32]
        return blocks_add_3, None

    with jax.named_scope("blocks"):
        last_blocks_add, _ = jax.lax.scan(
            jax.checkpoint(blocks_forward, prevent_cse=False),
            embedding_rms_norm,
            (
                parameters["blocks.*.attention.query"],
                parameters["blocks.*.attention.key"],
                parameters["blocks.*.attention.value"],
                parameters["blocks.*.attention.output"],
                parameters["blocks.*.mlp.up"],
                parameters["blocks.*.mlp.down"],
            ),
        )
    with jax.named_scope("head"):
        head_rms_norm = rms_norm(last_blocks_add, 0.000001)  # float32[2, 16, 32]
        head_reshape = head_rms_norm.reshape((32, 32))  # float32[32, 32]
        head_matmul = head_reshape @ parameters["head"].T  # float32[32, 64]

    def after_head_matmul(head_matmul, rows):
        """From the logits to the loss. The backward pass computes it again, so that only the product is kept."""
        with jax.named_scope("head"):
            head_reshape_2 = head_matmul.reshape((2, 16, 64))  # float32[2, 16, 64]
            head_multiply = head_reshape_2 * 0.06666666666666667  # float32[2, 16, 64]
            head_tanh = jnp.tanh(head_multiply)  # float32[2, 16, 64]
            head_multiply_2 = head_tanh * 15.0  # float32[2, 16, 64]
        with jax.named_scope("loss"):
            loss_reshape = head_multiply_2.reshape((32, 64))  # float32[32, 64]
            loss_reshape_2 = rows["targets"].reshape((32,))  # int32[32]
            loss_cross_entropy = cross_entropy(loss_reshape, loss_reshape_2, None)  # float32[32]
            loss_reshape_3 = rows["weights"].reshape((32,))  # float32[32]
            loss_multiply = loss_cross_entropy * loss_reshape_3  # float32[32]
            loss_reduce_sum = jnp.sum(loss_multiply, axis=(0,))  # float32[]
            loss_divide = loss_reduce_sum / rows["totalWeight"]  # float32[]
        return loss_divide

    return jax.checkpoint(after_head_matmul)(head_matmul, rows)


def update(state, gradients, loss, schedule_factor):
    """What parameters and optimizer become, and what is to be told of it."""
    with jax.named_scope("optimizer.embedding"):
        embedding_multiply = gradients["embedding"] * gradients["embedding"]  # float32[64, 32]
        embedding_reduce_sum = jnp.sum(embedding_multiply, axis=(0, 1))  # float32[]

    def blocks_update(layer):
        (
            attention_query,  # float32[32, 32]
            attention_key,  # float32[32, 32]
            attention_value,  # float32[32, 32]
            attention_output,  # float32[32, 32]
            mlp_up,  # float32[128, 32]
            mlp_down,  # float32[32, 128]
        ) = layer
        with jax.named_scope("attention.query"):
            query_multiply = attention_query * attention_query  # float32[32, 32]
            query_reduce_sum = jnp.sum(query_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.key"):
            key_multiply = attention_key * attention_key  # float32[32, 32]
            key_reduce_sum = jnp.sum(key_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.value"):
            value_multiply = attention_value * attention_value  # float32[32, 32]
            value_reduce_sum = jnp.sum(value_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.output"):
            output_multiply = attention_output * attention_output  # float32[32, 32]
            output_reduce_sum = jnp.sum(output_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("mlp.up"):
            up_multiply = mlp_up * mlp_up  # float32[128, 32]
            up_reduce_sum = jnp.sum(up_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("mlp.down"):
            down_multiply = mlp_down * mlp_down  # float32[32, 128]
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
                gradients["blocks.*.attention.query"],
                gradients["blocks.*.attention.key"],
                gradients["blocks.*.attention.value"],
                gradients["blocks.*.attention.output"],
                gradients["blocks.*.mlp.up"],
                gradients["blocks.*.mlp.down"],
            ),
        )
    with jax.named_scope("optimizer.head"):
        head_multiply = gradients["head"] * gradients["head"]  # float32[64, 32]
        head_reduce_sum = jnp.sum(head_multiply, axis=(0, 1))  # float32[]

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
        optimizer_abs = jnp.abs(loss)  # float32[]
        optimizer_less_or_equal = optimizer_abs <= 3.4028234663852886e+38  # bool[]
        optimizer_abs_2 = jnp.abs(optimizer_sqrt)  # float32[]
        optimizer_less_or_equal_2 = optimizer_abs_2 <= 3.4028234663852886e+38  # bool[]
        optimizer_abs_3 = jnp.abs(schedule_factor)  # float32[]
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
        embedding_where = jnp.where(optimizer_and_2, gradients["embedding"], 0.0)  # float32[64, 32]
    with jax.named_scope("optimizer"):
        optimizer_sqrt_2 = jnp.sqrt(optimizer_add_3)  # float32[]
        optimizer_multiply_6 = schedule_factor * 0.9797958971132712  # float32[]
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
            attention_query_2,  # float32[32, 32]
            attention_query_first_moment,  # float32[32, 32]
            attention_key_2,  # float32[32, 32]
            attention_key_first_moment,  # float32[32, 32]
            attention_value_2,  # float32[32, 32]
            attention_value_first_moment,  # float32[32, 32]
            attention_output_2,  # float32[32, 32]
            attention_output_first_moment,  # float32[32, 32]
            mlp_up_2,  # float32[128, 32]
            mlp_up_first_moment,  # float32[128, 32]
            mlp_down_2,  # float32[32, 128]
            mlp_down_first_moment,  # float32[32, 128]
        ) = layer
        with jax.named_scope("attention.query"):
            query_where = jnp.where(optimizer_and_2, attention_query_2, 0.0)  # float32[32, 32]
            query_multiply_2 = query_where * optimizer_where  # float32[32, 32]
            query_multiply_3 = attention_query_first_moment * optimizer_where_8  # float32[32, 32]
            query_add_2 = query_multiply_3 + query_multiply_2  # float32[32, 32]
            query_multiply_4 = query_add_2 * 0.95  # float32[32, 32]
            query_add_3 = query_multiply_2 + query_multiply_4  # float32[32, 32]
        with jax.named_scope("attention.key"):
            key_where = jnp.where(optimizer_and_2, attention_key_2, 0.0)  # float32[32, 32]
            key_multiply_2 = key_where * optimizer_where  # float32[32, 32]
            key_multiply_3 = attention_key_first_moment * optimizer_where_8  # float32[32, 32]
            key_add_2 = key_multiply_3 + key_multiply_2  # float32[32, 32]
            key_multiply_4 = key_add_2 * 0.95  # float32[32, 32]
            key_add_3 = key_multiply_2 + key_multiply_4  # float32[32, 32]
        with jax.named_scope("attention.value"):
            value_where = jnp.where(optimizer_and_2, attention_value_2, 0.0)  # float32[32, 32]
            value_multiply_2 = value_where * optimizer_where  # float32[32, 32]
            value_multiply_3 = attention_value_first_moment * optimizer_where_8  # float32[32, 32]
            value_add_2 = value_multiply_3 + value_multiply_2  # float32[32, 32]
            value_multiply_4 = value_add_2 * 0.95  # float32[32, 32]
            value_add_3 = value_multiply_2 + value_multiply_4  # float32[32, 32]
        with jax.named_scope("attention.output"):
            output_where = jnp.where(optimizer_and_2, attention_output_2, 0.0)  # float32[32, 32]
            output_multiply_2 = output_where * optimizer_where  # float32[32, 32]
            output_multiply_3 = attention_output_first_moment * optimizer_where_8  # float32[32, 32]
            output_add_2 = output_multiply_3 + output_multiply_2  # float32[32, 32]
            output_multiply_4 = output_add_2 * 0.95  # float32[32, 32]
            output_add_3 = output_multiply_2 + output_multiply_4  # float32[32, 32]
        with jax.named_scope("mlp.up"):
            up_where = jnp.where(optimizer_and_2, mlp_up_2, 0.0)  # float32[128, 32]
            up_multiply_2 = up_where * optimizer_where  # float32[128, 32]
            up_multiply_3 = mlp_up_first_moment * optimizer_where_8  # float32[128, 32]
            up_add_2 = up_multiply_3 + up_multiply_2  # float32[128, 32]
            up_multiply_4 = up_add_2 * 0.95  # float32[128, 32]
            up_add_3 = up_multiply_2 + up_multiply_4  # float32[128, 32]
        with jax.named_scope("mlp.down"):
            down_where = jnp.where(optimizer_and_2, mlp_down_2, 0.0)  # float32[32, 128]
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
                gradients["blocks.*.attention.query"],
                state["optimizer.blocks.*.attention.query.firstMoment"],
                gradients["blocks.*.attention.key"],
                state["optimizer.blocks.*.attention.key.firstMoment"],
                gradients["blocks.*.attention.value"],
                state["optimizer.blocks.*.attention.value.firstMoment"],
                gradients["blocks.*.attention.output"],
                state["optimizer.blocks.*.attention.output.firstMoment"],
                gradients["blocks.*.mlp.up"],
                state["optimizer.blocks.*.mlp.up.firstMoment"],
                gradients["blocks.*.mlp.down"],
                state["optimizer.blocks.*.mlp.down.firstMoment"],
            ),
        )
    with jax.named_scope("optimizer.head"):
        head_where = jnp.where(optimizer_and_2, gradients["head"], 0.0)  # float32[64, 32]
    with jax.named_scope("optimizer"):
        optimizer_sqrt_3 = jnp.sqrt(optimizer_add_5)  # float32[]
        optimizer_multiply_12 = schedule_factor * 0.019595917942265423  # float32[]
        optimizer_multiply_13 = optimizer_multiply_12 * optimizer_sqrt_3  # float32[]
        optimizer_divide_3 = optimizer_multiply_13 / optimizer_add_4  # float32[]
        optimizer_where_11 = jnp.where(optimizer_and_2, optimizer_divide_3, 0.0)  # float32[]
        optimizer_multiply_14 = optimizer_sqrt_3 * 1e-10  # float32[]
    with jax.named_scope("optimizer.head"):
        head_multiply_2 = state["optimizer.head.firstMoment"] * optimizer_where_7  # float32[64, 32]
        head_multiply_3 = head_where * optimizer_multiply_8  # float32[64, 32]
        head_add_2 = head_multiply_2 + head_multiply_3  # float32[64, 32]
        head_multiply_4 = state["optimizer.head.secondMoment"] * optimizer_where_8  # float32[64, 32]
        head_multiply_5 = head_where * head_where  # float32[64, 32]
        head_multiply_6 = head_multiply_5 * optimizer_where_9  # float32[64, 32]
        head_add_3 = head_multiply_4 + head_multiply_6  # float32[64, 32]
        head_multiply_7 = head_add_2 * optimizer_where_11  # float32[64, 32]
        head_add_4 = head_multiply_7 + optimizer_multiply  # float32[64, 32]
        head_sqrt = jnp.sqrt(head_add_3)  # float32[64, 32]
        head_add_5 = head_sqrt + optimizer_multiply_14  # float32[64, 32]
        head_divide = head_add_4 / head_add_5  # float32[64, 32]
        head_subtract = state["head"] - head_divide  # float32[64, 32]
    with jax.named_scope("optimizer"):
        optimizer_multiply_15 = schedule_factor * 0.02  # float32[]
        optimizer_where_12 = jnp.where(optimizer_and_2, optimizer_multiply_15, 0.0)  # float32[]
        optimizer_multiply_16 = schedule_factor * 0.04  # float32[]
        optimizer_where_13 = jnp.where(optimizer_and_2, optimizer_multiply_16, 0.0)  # float32[]

    def blocks_update_4(layer):
        (
            query_add_4,  # float32[32, 32]
            attention_query_3,  # float32[32, 32]
            key_add_4,  # float32[32, 32]
            attention_key_3,  # float32[32, 32]
            value_add_4,  # float32[32, 32]
            attention_value_3,  # float32[32, 32]
            output_add_4,  # float32[32, 32]
            attention_output_3,  # float32[32, 32]
            up_add_4,  # float32[128, 32]
            mlp_up_3,  # float32[128, 32]
            down_add_5,  # float32[32, 128]
            mlp_down_3,  # float32[32, 128]
        ) = layer
        with jax.named_scope("attention.query"):
            query_multiply_5 = query_add_4 * query_add_4  # float32[32, 32]
            query_reduce_sum_3 = jnp.sum(query_multiply_5, axis=(0, 1))  # float32[]
            query_sqrt = jnp.sqrt(query_reduce_sum_3)  # float32[]
            query_add_5 = query_sqrt + 1e-7  # float32[]
            query_reciprocal = 1.0 / query_add_5  # float32[]
            query_multiply_6 = query_add_4 * query_reciprocal  # float32[32, 32]
            query_matmul = query_multiply_6 @ query_multiply_6.T  # float32[32, 32]
            query_multiply_7 = query_matmul * -4.775  # float32[32, 32]
            query_matmul_2 = query_matmul @ query_matmul  # float32[32, 32]
            query_multiply_8 = query_matmul_2 * 2.0315  # float32[32, 32]
            query_add_6 = query_multiply_7 + query_multiply_8  # float32[32, 32]
            query_multiply_9 = query_multiply_6 * 3.4445  # float32[32, 32]
            query_matmul_3 = query_add_6 @ query_multiply_6  # float32[32, 32]
            query_add_7 = query_multiply_9 + query_matmul_3  # float32[32, 32]
            query_matmul_4 = query_add_7 @ query_add_7.T  # float32[32, 32]
            query_multiply_10 = query_matmul_4 * -4.775  # float32[32, 32]
            query_matmul_5 = query_matmul_4 @ query_matmul_4  # float32[32, 32]
            query_multiply_11 = query_matmul_5 * 2.0315  # float32[32, 32]
            query_add_8 = query_multiply_10 + query_multiply_11  # float32[32, 32]
            query_multiply_12 = query_add_7 * 3.4445  # float32[32, 32]
            query_matmul_6 = query_add_8 @ query_add_7  # float32[32, 32]
            query_add_9 = query_multiply_12 + query_matmul_6  # float32[32, 32]
            query_matmul_7 = query_add_9 @ query_add_9.T  # float32[32, 32]
            query_multiply_13 = query_matmul_7 * -4.775  # float32[32, 32]
            query_matmul_8 = query_matmul_7 @ query_matmul_7  # float32[32, 32]
            query_multiply_14 = query_matmul_8 * 2.0315  # float32[32, 32]
            query_add_10 = query_multiply_13 + query_multiply_14  # float32[32, 32]
            query_multiply_15 = query_add_9 * 3.4445  # float32[32, 32]
            query_matmul_9 = query_add_10 @ query_add_9  # float32[32, 32]
            query_add_11 = query_multiply_15 + query_matmul_9  # float32[32, 32]
            query_matmul_10 = query_add_11 @ query_add_11.T  # float32[32, 32]
            query_multiply_16 = query_matmul_10 * -4.775  # float32[32, 32]
            query_matmul_11 = query_matmul_10 @ query_matmul_10  # float32[32, 32]
            query_multiply_17 = query_matmul_11 * 2.0315  # float32[32, 32]
            query_add_12 = query_multiply_16 + query_multiply_17  # float32[32, 32]
            query_multiply_18 = query_add_11 * 3.4445  # float32[32, 32]
            query_matmul_12 = query_add_12 @ query_add_11  # float32[32, 32]
            query_add_13 = query_multiply_18 + query_matmul_12  # float32[32, 32]
            query_matmul_13 = query_add_13 @ query_add_13.T  # float32[32, 32]
            query_multiply_19 = query_matmul_13 * -4.775  # float32[32, 32]
            query_matmul_14 = query_matmul_13 @ query_matmul_13  # float32[32, 32]
            query_multiply_20 = query_matmul_14 * 2.0315  # float32[32, 32]
            query_add_14 = query_multiply_19 + query_multiply_20  # float32[32, 32]
            query_multiply_21 = query_add_13 * 3.4445  # float32[32, 32]
            query_matmul_15 = query_add_14 @ query_add_13  # float32[32, 32]
            query_add_15 = query_multiply_21 + query_matmul_15  # float32[32, 32]
            query_multiply_22 = query_add_15 * optimizer_where_12  # float32[32, 32]
            query_add_16 = query_multiply_22 + optimizer_multiply  # float32[32, 32]
            query_subtract = attention_query_3 - query_add_16  # float32[32, 32]
        with jax.named_scope("attention.key"):
            key_multiply_5 = key_add_4 * key_add_4  # float32[32, 32]
            key_reduce_sum_3 = jnp.sum(key_multiply_5, axis=(0, 1))  # float32[]
            key_sqrt = jnp.sqrt(key_reduce_sum_3)  # float32[]
            key_add_5 = key_sqrt + 1e-7  # float32[]
            key_reciprocal = 1.0 / key_add_5  # float32[]
            key_multiply_6 = key_add_4 * key_reciprocal  # float32[32, 32]
            key_matmul = key_multiply_6 @ key_multiply_6.T  # float32[32, 32]
            key_multiply_7 = key_matmul * -4.775  # float32[32, 32]
            key_matmul_2 = key_matmul @ key_matmul  # float32[32, 32]
            key_multiply_8 = key_matmul_2 * 2.0315  # float32[32, 32]
            key_add_6 = key_multiply_7 + key_multiply_8  # float32[32, 32]
            key_multiply_9 = key_multiply_6 * 3.4445  # float32[32, 32]
            key_matmul_3 = key_add_6 @ key_multiply_6  # float32[32, 32]
            key_add_7 = key_multiply_9 + key_matmul_3  # float32[32, 32]
            key_matmul_4 = key_add_7 @ key_add_7.T  # float32[32, 32]
            key_multiply_10 = key_matmul_4 * -4.775  # float32[32, 32]
            key_matmul_5 = key_matmul_4 @ key_matmul_4  # float32[32, 32]
            key_multiply_11 = key_matmul_5 * 2.0315  # float32[32, 32]
            key_add_8 = key_multiply_10 + key_multiply_11  # float32[32, 32]
            key_multiply_12 = key_add_7 * 3.4445  # float32[32, 32]
            key_matmul_6 = key_add_8 @ key_add_7  # float32[32, 32]
            key_add_9 = key_multiply_12 + key_matmul_6  # float32[32, 32]
            key_matmul_7 = key_add_9 @ key_add_9.T  # float32[32, 32]
            key_multiply_13 = key_matmul_7 * -4.775  # float32[32, 32]
            key_matmul_8 = key_matmul_7 @ key_matmul_7  # float32[32, 32]
            key_multiply_14 = key_matmul_8 * 2.0315  # float32[32, 32]
            key_add_10 = key_multiply_13 + key_multiply_14  # float32[32, 32]
            key_multiply_15 = key_add_9 * 3.4445  # float32[32, 32]
            key_matmul_9 = key_add_10 @ key_add_9  # float32[32, 32]
            key_add_11 = key_multiply_15 + key_matmul_9  # float32[32, 32]
            key_matmul_10 = key_add_11 @ key_add_11.T  # float32[32, 32]
            key_multiply_16 = key_matmul_10 * -4.775  # float32[32, 32]
            key_matmul_11 = key_matmul_10 @ key_matmul_10  # float32[32, 32]
            key_multiply_17 = key_matmul_11 * 2.0315  # float32[32, 32]
            key_add_12 = key_multiply_16 + key_multiply_17  # float32[32, 32]
            key_multiply_18 = key_add_11 * 3.4445  # float32[32, 32]
            key_matmul_12 = key_add_12 @ key_add_11  # float32[32, 32]
            key_add_13 = key_multiply_18 + key_matmul_12  # float32[32, 32]
            key_matmul_13 = key_add_13 @ key_add_13.T  # float32[32, 32]
            key_multiply_19 = key_matmul_13 * -4.775  # float32[32, 32]
            key_matmul_14 = key_matmul_13 @ key_matmul_13  # float32[32, 32]
            key_multiply_20 = key_matmul_14 * 2.0315  # float32[32, 32]
            key_add_14 = key_multiply_19 + key_multiply_20  # float32[32, 32]
            key_multiply_21 = key_add_13 * 3.4445  # float32[32, 32]
            key_matmul_15 = key_add_14 @ key_add_13  # float32[32, 32]
            key_add_15 = key_multiply_21 + key_matmul_15  # float32[32, 32]
            key_multiply_22 = key_add_15 * optimizer_where_12  # float32[32, 32]
            key_add_16 = key_multiply_22 + optimizer_multiply  # float32[32, 32]
            key_subtract = attention_key_3 - key_add_16  # float32[32, 32]
        with jax.named_scope("attention.value"):
            value_multiply_5 = value_add_4 * value_add_4  # float32[32, 32]
            value_reduce_sum_3 = jnp.sum(value_multiply_5, axis=(0, 1))  # float32[]
            value_sqrt = jnp.sqrt(value_reduce_sum_3)  # float32[]
            value_add_5 = value_sqrt + 1e-7  # float32[]
            value_reciprocal = 1.0 / value_add_5  # float32[]
            value_multiply_6 = value_add_4 * value_reciprocal  # float32[32, 32]
            value_matmul = value_multiply_6 @ value_multiply_6.T  # float32[32, 32]
            value_multiply_7 = value_matmul * -4.775  # float32[32, 32]
            value_matmul_2 = value_matmul @ value_matmul  # float32[32, 32]
            value_multiply_8 = value_matmul_2 * 2.0315  # float32[32, 32]
            value_add_6 = value_multiply_7 + value_multiply_8  # float32[32, 32]
            value_multiply_9 = value_multiply_6 * 3.4445  # float32[32, 32]
            value_matmul_3 = value_add_6 @ value_multiply_6  # float32[32, 32]
            value_add_7 = value_multiply_9 + value_matmul_3  # float32[32, 32]
            value_matmul_4 = value_add_7 @ value_add_7.T  # float32[32, 32]
            value_multiply_10 = value_matmul_4 * -4.775  # float32[32, 32]
            value_matmul_5 = value_matmul_4 @ value_matmul_4  # float32[32, 32]
            value_multiply_11 = value_matmul_5 * 2.0315  # float32[32, 32]
            value_add_8 = value_multiply_10 + value_multiply_11  # float32[32, 32]
            value_multiply_12 = value_add_7 * 3.4445  # float32[32, 32]
            value_matmul_6 = value_add_8 @ value_add_7  # float32[32, 32]
            value_add_9 = value_multiply_12 + value_matmul_6  # float32[32, 32]
            value_matmul_7 = value_add_9 @ value_add_9.T  # float32[32, 32]
            value_multiply_13 = value_matmul_7 * -4.775  # float32[32, 32]
            value_matmul_8 = value_matmul_7 @ value_matmul_7  # float32[32, 32]
            value_multiply_14 = value_matmul_8 * 2.0315  # float32[32, 32]
            value_add_10 = value_multiply_13 + value_multiply_14  # float32[32, 32]
            value_multiply_15 = value_add_9 * 3.4445  # float32[32, 32]
            value_matmul_9 = value_add_10 @ value_add_9  # float32[32, 32]
            value_add_11 = value_multiply_15 + value_matmul_9  # float32[32, 32]
            value_matmul_10 = value_add_11 @ value_add_11.T  # float32[32, 32]
            value_multiply_16 = value_matmul_10 * -4.775  # float32[32, 32]
            value_matmul_11 = value_matmul_10 @ value_matmul_10  # float32[32, 32]
            value_multiply_17 = value_matmul_11 * 2.0315  # float32[32, 32]
            value_add_12 = value_multiply_16 + value_multiply_17  # float32[32, 32]
            value_multiply_18 = value_add_11 * 3.4445  # float32[32, 32]
            value_matmul_12 = value_add_12 @ value_add_11  # float32[32, 32]
            value_add_13 = value_multiply_18 + value_matmul_12  # float32[32, 32]
            value_matmul_13 = value_add_13 @ value_add_13.T  # float32[32, 32]
            value_multiply_19 = value_matmul_13 * -4.775  # float32[32, 32]
            value_matmul_14 = value_matmul_13 @ value_matmul_13  # float32[32, 32]
            value_multiply_20 = value_matmul_14 * 2.0315  # float32[32, 32]
            value_add_14 = value_multiply_19 + value_multiply_20  # float32[32, 32]
            value_multiply_21 = value_add_13 * 3.4445  # float32[32, 32]
            value_matmul_15 = value_add_14 @ value_add_13  # float32[32, 32]
            value_add_15 = value_multiply_21 + value_matmul_15  # float32[32, 32]
            value_multiply_22 = value_add_15 * optimizer_where_12  # float32[32, 32]
            value_add_16 = value_multiply_22 + optimizer_multiply  # float32[32, 32]
            value_subtract = attention_value_3 - value_add_16  # float32[32, 32]
        with jax.named_scope("attention.output"):
            output_multiply_5 = output_add_4 * output_add_4  # float32[32, 32]
            output_reduce_sum_3 = jnp.sum(output_multiply_5, axis=(0, 1))  # float32[]
            output_sqrt = jnp.sqrt(output_reduce_sum_3)  # float32[]
            output_add_5 = output_sqrt + 1e-7  # float32[]
            output_reciprocal = 1.0 / output_add_5  # float32[]
            output_multiply_6 = output_add_4 * output_reciprocal  # float32[32, 32]
            output_matmul = output_multiply_6 @ output_multiply_6.T  # float32[32, 32]
            output_multiply_7 = output_matmul * -4.775  # float32[32, 32]
            output_matmul_2 = output_matmul @ output_matmul  # float32[32, 32]
            output_multiply_8 = output_matmul_2 * 2.0315  # float32[32, 32]
            output_add_6 = output_multiply_7 + output_multiply_8  # float32[32, 32]
            output_multiply_9 = output_multiply_6 * 3.4445  # float32[32, 32]
            output_matmul_3 = output_add_6 @ output_multiply_6  # float32[32, 32]
            output_add_7 = output_multiply_9 + output_matmul_3  # float32[32, 32]
            output_matmul_4 = output_add_7 @ output_add_7.T  # float32[32, 32]
            output_multiply_10 = output_matmul_4 * -4.775  # float32[32, 32]
            output_matmul_5 = output_matmul_4 @ output_matmul_4  # float32[32, 32]
            output_multiply_11 = output_matmul_5 * 2.0315  # float32[32, 32]
            output_add_8 = output_multiply_10 + output_multiply_11  # float32[32, 32]
            output_multiply_12 = output_add_7 * 3.4445  # float32[32, 32]
            output_matmul_6 = output_add_8 @ output_add_7  # float32[32, 32]
            output_add_9 = output_multiply_12 + output_matmul_6  # float32[32, 32]
            output_matmul_7 = output_add_9 @ output_add_9.T  # float32[32, 32]
            output_multiply_13 = output_matmul_7 * -4.775  # float32[32, 32]
            output_matmul_8 = output_matmul_7 @ output_matmul_7  # float32[32, 32]
            output_multiply_14 = output_matmul_8 * 2.0315  # float32[32, 32]
            output_add_10 = output_multiply_13 + output_multiply_14  # float32[32, 32]
            output_multiply_15 = output_add_9 * 3.4445  # float32[32, 32]
            output_matmul_9 = output_add_10 @ output_add_9  # float32[32, 32]
            output_add_11 = output_multiply_15 + output_matmul_9  # float32[32, 32]
            output_matmul_10 = output_add_11 @ output_add_11.T  # float32[32, 32]
            output_multiply_16 = output_matmul_10 * -4.775  # float32[32, 32]
            output_matmul_11 = output_matmul_10 @ output_matmul_10  # float32[32, 32]
            output_multiply_17 = output_matmul_11 * 2.0315  # float32[32, 32]
            output_add_12 = output_multiply_16 + output_multiply_17  # float32[32, 32]
            output_multiply_18 = output_add_11 * 3.4445  # float32[32, 32]
            output_matmul_12 = output_add_12 @ output_add_11  # float32[32, 32]
            output_add_13 = output_multiply_18 + output_matmul_12  # float32[32, 32]
            output_matmul_13 = output_add_13 @ output_add_13.T  # float32[32, 32]
            output_multiply_19 = output_matmul_13 * -4.775  # float32[32, 32]
            output_matmul_14 = output_matmul_13 @ output_matmul_13  # float32[32, 32]
            output_multiply_20 = output_matmul_14 * 2.0315  # float32[32, 32]
            output_add_14 = output_multiply_19 + output_multiply_20  # float32[32, 32]
            output_multiply_21 = output_add_13 * 3.4445  # float32[32, 32]
            output_matmul_15 = output_add_14 @ output_add_13  # float32[32, 32]
            output_add_15 = output_multiply_21 + output_matmul_15  # float32[32, 32]
            output_multiply_22 = output_add_15 * optimizer_where_12  # float32[32, 32]
            output_add_16 = output_multiply_22 + optimizer_multiply  # float32[32, 32]
            output_subtract = attention_output_3 - output_add_16  # float32[32, 32]
        with jax.named_scope("mlp.up"):
            up_multiply_5 = up_add_4 * up_add_4  # float32[128, 32]
            up_reduce_sum_3 = jnp.sum(up_multiply_5, axis=(0, 1))  # float32[]
            up_sqrt = jnp.sqrt(up_reduce_sum_3)  # float32[]
            up_transpose = up_add_4.transpose((1, 0))  # float32[32, 128]
            up_add_5 = up_sqrt + 1e-7  # float32[]
            up_reciprocal = 1.0 / up_add_5  # float32[]
            up_multiply_6 = up_transpose * up_reciprocal  # float32[32, 128]
            up_matmul = up_multiply_6 @ up_multiply_6.T  # float32[32, 32]
            up_multiply_7 = up_matmul * -4.775  # float32[32, 32]
            up_matmul_2 = up_matmul @ up_matmul  # float32[32, 32]
            up_multiply_8 = up_matmul_2 * 2.0315  # float32[32, 32]
            up_add_6 = up_multiply_7 + up_multiply_8  # float32[32, 32]
            up_multiply_9 = up_multiply_6 * 3.4445  # float32[32, 128]
            up_matmul_3 = up_add_6 @ up_multiply_6  # float32[32, 128]
            up_add_7 = up_multiply_9 + up_matmul_3  # float32[32, 128]
            up_matmul_4 = up_add_7 @ up_add_7.T  # float32[32, 32]
            up_multiply_10 = up_matmul_4 * -4.775  # float32[32, 32]
            up_matmul_5 = up_matmul_4 @ up_matmul_4  # float32[32, 32]
            up_multiply_11 = up_matmul_5 * 2.0315  # float32[32, 32]
            up_add_8 = up_multiply_10 + up_multiply_11  # float32[32, 32]
            up_multiply_12 = up_add_7 * 3.4445  # float32[32, 128]
            up_matmul_6 = up_add_8 @ up_add_7  # float32[32, 128]
            up_add_9 = up_multiply_12 + up_matmul_6  # float32[32, 128]
            up_matmul_7 = up_add_9 @ up_add_9.T  # float32[32, 32]
            up_multiply_13 = up_matmul_7 * -4.775  # float32[32, 32]
            up_matmul_8 = up_matmul_7 @ up_matmul_7  # float32[32, 32]
            up_multiply_14 = up_matmul_8 * 2.0315  # float32[32, 32]
            up_add_10 = up_multiply_13 + up_multiply_14  # float32[32, 32]
            up_multiply_15 = up_add_9 * 3.4445  # float32[32, 128]
            up_matmul_9 = up_add_10 @ up_add_9  # float32[32, 128]
            up_add_11 = up_multiply_15 + up_matmul_9  # float32[32, 128]
            up_matmul_10 = up_add_11 @ up_add_11.T  # float32[32, 32]
            up_multiply_16 = up_matmul_10 * -4.775  # float32[32, 32]
            up_matmul_11 = up_matmul_10 @ up_matmul_10  # float32[32, 32]
            up_multiply_17 = up_matmul_11 * 2.0315  # float32[32, 32]
            up_add_12 = up_multiply_16 + up_multiply_17  # float32[32, 32]
            up_multiply_18 = up_add_11 * 3.4445  # float32[32, 128]
            up_matmul_12 = up_add_12 @ up_add_11  # float32[32, 128]
            up_add_13 = up_multiply_18 + up_matmul_12  # float32[32, 128]
            up_matmul_13 = up_add_13 @ up_add_13.T  # float32[32, 32]
            up_multiply_19 = up_matmul_13 * -4.775  # float32[32, 32]
            up_matmul_14 = up_matmul_13 @ up_matmul_13  # float32[32, 32]
            up_multiply_20 = up_matmul_14 * 2.0315  # float32[32, 32]
            up_add_14 = up_multiply_19 + up_multiply_20  # float32[32, 32]
            up_multiply_21 = up_add_13 * 3.4445  # float32[32, 128]
            up_matmul_15 = up_add_14 @ up_add_13  # float32[32, 128]
            up_add_15 = up_multiply_21 + up_matmul_15  # float32[32, 128]
            up_transpose_2 = up_add_15.transpose((1, 0))  # float32[128, 32]
            up_multiply_22 = up_transpose_2 * optimizer_where_13  # float32[128, 32]
            up_add_16 = up_multiply_22 + optimizer_multiply  # float32[128, 32]
            up_subtract = mlp_up_3 - up_add_16  # float32[128, 32]
        with jax.named_scope("mlp.down"):
            down_multiply_5 = down_add_5 * down_add_5  # float32[32, 128]
            down_reduce_sum_3 = jnp.sum(down_multiply_5, axis=(0, 1))  # float32[]
            down_sqrt = jnp.sqrt(down_reduce_sum_3)  # float32[]
            down_add_6 = down_sqrt + 1e-7  # float32[]
            down_reciprocal = 1.0 / down_add_6  # float32[]
            down_multiply_6 = down_add_5 * down_reciprocal  # float32[32, 128]
            down_matmul = down_multiply_6 @ down_multiply_6.T  # float32[32, 32]
            down_multiply_7 = down_matmul * -4.775  # float32[32, 32]
            down_matmul_2 = down_matmul @ down_matmul  # float32[32, 32]
            down_multiply_8 = down_matmul_2 * 2.0315  # float32[32, 32]
            down_add_7 = down_multiply_7 + down_multiply_8  # float32[32, 32]
            down_multiply_9 = down_multiply_6 * 3.4445  # float32[32, 128]
            down_matmul_3 = down_add_7 @ down_multiply_6  # float32[32, 128]
            down_add_8 = down_multiply_9 + down_matmul_3  # float32[32, 128]
            down_matmul_4 = down_add_8 @ down_add_8.T  # float32[32, 32]
            down_multiply_10 = down_matmul_4 * -4.775  # float32[32, 32]
            down_matmul_5 = down_matmul_4 @ down_matmul_4  # float32[32, 32]
            down_multiply_11 = down_matmul_5 * 2.0315  # float32[32, 32]
            down_add_9 = down_multiply_10 + down_multiply_11  # float32[32, 32]
            down_multiply_12 = down_add_8 * 3.4445  # float32[32, 128]
            down_matmul_6 = down_add_9 @ down_add_8  # float32[32, 128]
            down_add_10 = down_multiply_12 + down_matmul_6  # float32[32, 128]
            down_matmul_7 = down_add_10 @ down_add_10.T  # float32[32, 32]
            down_multiply_13 = down_matmul_7 * -4.775  # float32[32, 32]
            down_matmul_8 = down_matmul_7 @ down_matmul_7  # float32[32, 32]
            down_multiply_14 = down_matmul_8 * 2.0315  # float32[32, 32]
            down_add_11 = down_multiply_13 + down_multiply_14  # float32[32, 32]
            down_multiply_15 = down_add_10 * 3.4445  # float32[32, 128]
            down_matmul_9 = down_add_11 @ down_add_10  # float32[32, 128]
            down_add_12 = down_multiply_15 + down_matmul_9  # float32[32, 128]
            down_matmul_10 = down_add_12 @ down_add_12.T  # float32[32, 32]
            down_multiply_16 = down_matmul_10 * -4.775  # float32[32, 32]
            down_matmul_11 = down_matmul_10 @ down_matmul_10  # float32[32, 32]
            down_multiply_17 = down_matmul_11 * 2.0315  # float32[32, 32]
            down_add_13 = down_multiply_16 + down_multiply_17  # float32[32, 32]
            down_multiply_18 = down_add_12 * 3.4445  # float32[32, 128]
            down_matmul_12 = down_add_13 @ down_add_12  # float32[32, 128]
            down_add_14 = down_multiply_18 + down_matmul_12  # float32[32, 128]
            down_matmul_13 = down_add_14 @ down_add_14.T  # float32[32, 32]
            down_multiply_19 = down_matmul_13 * -4.775  # float32[32, 32]
            down_matmul_14 = down_matmul_13 @ down_matmul_13  # float32[32, 32]
            down_multiply_20 = down_matmul_14 * 2.0315  # float32[32, 32]
            down_add_15 = down_multiply_19 + down_multiply_20  # float32[32, 32]
            down_multiply_21 = down_add_14 * 3.4445  # float32[32, 128]
            down_matmul_15 = down_add_15 @ down_add_14  # float32[32, 128]
            down_add_16 = down_multiply_21 + down_matmul_15  # float32[32, 128]
            down_multiply_22 = down_add_16 * optimizer_where_12  # float32[32, 128]
            down_add_17 = down_multiply_22 + optimizer_multiply  # float32[32, 128]
            down_subtract = mlp_down_3 - down_add_17  # float32[32, 128]
        return (
            query_subtract,
            key_subtract,
            value_subtract,
            output_subtract,
            up_subtract,
            down_subtract,
        )

    with jax.named_scope("optimizer.blocks"):
        (
            all_query_subtract,
            all_key_subtract,
            all_value_subtract,
            all_output_subtract,
            all_up_subtract,
            all_down_subtract,
        ) = jax.vmap(blocks_update_4)(
            (
                all_query_add_3,
                state["blocks.*.attention.query"],
                all_key_add_3,
                state["blocks.*.attention.key"],
                all_value_add_3,
                state["blocks.*.attention.value"],
                all_output_add_3,
                state["blocks.*.attention.output"],
                all_up_add_3,
                state["blocks.*.mlp.up"],
                all_down_add_4,
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
            "gradientNorm": optimizer_sqrt,
            "isApplied": optimizer_cast,
        },
    )


def step(state, inputs):
    """(state, inputs) to (next state, outputs), dictionaries by the names of the tables above."""
    parameters = {name: state[name] for name, (_, _, kind) in STATE.items() if kind == "parameter"}
    total_weight = jnp.sum(inputs["weights"])

    def gradients_of(rows):
        rows = {name: shard_rows(x) for name, x in rows.items()}
        return jax.value_and_grad(loss)(parameters, {**rows, "totalWeight": total_weight})

    def micro_batch(sums, rows):
        return jax.tree.map(jnp.add, sums, gradients_of(rows)), None

    shape = (2, 2, 16)
    rows = {name: inputs[name].reshape(shape) for name in ("tokens", "targets", "weights")}
    zeros = (jnp.float32(0.0), jax.tree.map(jnp.zeros_like, parameters))
    (total, gradients), _ = jax.lax.scan(micro_batch, zeros, rows)
    next_state, outputs = update(state, gradients, total, inputs["scheduleFactor"])
    return (
        next_state,
        {
            "loss": total,
            "gradientNorm": outputs["gradientNorm"],
            "isApplied": outputs["isApplied"],
        },
    )
