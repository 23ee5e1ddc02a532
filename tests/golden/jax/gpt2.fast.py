"""A training step of gpt2."""

import jax
import jax.numpy as jnp

FORMAT = 1
PROGRAM = "202567168076c96f90c09990578833492aad9976d00e5808060ca520ae7b0aad"

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


def layer_norm(x, epsilon):
    """(x - mean) / sqrt(variance + epsilon) over the last axis, in float32."""
    y = x.astype(jnp.float32)
    y = y - jnp.mean(y, axis=-1, keepdims=True)
    y = y * jax.lax.rsqrt(jnp.mean(jnp.square(y), axis=-1, keepdims=True) + epsilon)
    return y.astype(x.dtype)


# For the backward pass only x is kept; the rest costs less to compute again than to write and read.
layer_norm = jax.checkpoint(layer_norm, prevent_cse=False, static_argnums=(1,))


def gelu(x, is_approximate):
    """x * Phi(x), Phi the normal distribution function; approximated by tanh if so wished."""
    return jax.nn.gelu(x, approximate=is_approximate)


# For the backward pass only x is kept; the rest costs less to compute again than to write and read.
gelu = jax.checkpoint(gelu, prevent_cse=False, static_argnums=(1,))


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
    with jax.named_scope("embedding"):
        embedding_gather_rows = jnp.take(parameters["embedding"], rows["tokens"], axis=0, mode="clip")  # float32[2, 16, 32]
    add = embedding_gather_rows + parameters["positions"]  # float32[2, 16, 32]

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
            mlp_gelu = gelu(mlp_add_2, True)  # float32[2, 16, 128]
            mlp_reshape_3 = mlp_gelu.reshape((32, 128))  # float32[32, 128]
            mlp_matmul_2 = mlp_reshape_3 @ mlp_down.T  # float32[32, 32]
            mlp_reshape_4 = mlp_matmul_2.reshape((2, 16, 32))  # float32[2, 16, 32]
            mlp_add_3 = mlp_reshape_4 + mlp_down_bias  # float32[2, 16, 32]
        blocks_add_3 = blocks_add_2 + mlp_add_3  # float32[2, 16, 32]
        return blocks_add_3, None

    with jax.named_scope("blocks"):
        last_blocks_add, _ = jax.lax.scan(
            jax.checkpoint(blocks_forward, prevent_cse=False),
            add,
            (
                parameters["blocks.*.attention.norm.gain"],
                parameters["blocks.*.attention.norm.bias"],
                parameters["blocks.*.attention.query"],
                parameters["blocks.*.attention.query.bias"],
                parameters["blocks.*.attention.key"],
                parameters["blocks.*.attention.key.bias"],
                parameters["blocks.*.attention.value"],
                parameters["blocks.*.attention.value.bias"],
                parameters["blocks.*.attention.output"],
                parameters["blocks.*.attention.output.bias"],
                parameters["blocks.*.mlp.norm.gain"],
                parameters["blocks.*.mlp.norm.bias"],
                parameters["blocks.*.mlp.up"],
                parameters["blocks.*.mlp.up.bias"],
                parameters["blocks.*.mlp.down"],
                parameters["blocks.*.mlp.down.bias"],
            ),
        )
    with jax.named_scope("head"):
        head_layer_norm = layer_norm(last_blocks_add, 0.00001)  # float32[2, 16, 32]
        head_multiply = head_layer_norm * parameters["norm.gain"]  # float32[2, 16, 32]
        head_add = head_multiply + parameters["norm.bias"]  # float32[2, 16, 32]
        head_reshape = head_add.reshape((32, 32))  # float32[32, 32]
        head_matmul = head_reshape @ parameters["embedding"].T  # float32[32, 64]

    def after_head_matmul(head_matmul, rows):
        """From the logits to the loss. The backward pass computes it again, so that only the product is kept."""
        with jax.named_scope("head"):
            head_reshape_2 = head_matmul.reshape((2, 16, 64))  # float32[2, 16, 64]
        with jax.named_scope("loss"):
            loss_reshape = head_reshape_2.reshape((32, 64))  # float32[32, 64]
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
    with jax.named_scope("optimizer.positions"):
        positions_multiply = gradients["positions"] * gradients["positions"]  # float32[16, 32]
        positions_reduce_sum = jnp.sum(positions_multiply, axis=(0, 1))  # float32[]

    def blocks_update(layer):
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
        with jax.named_scope("attention.norm.gain"):
            gain_multiply = attention_norm_gain * attention_norm_gain  # float32[32]
            gain_reduce_sum = jnp.sum(gain_multiply, axis=(0,))  # float32[]
        with jax.named_scope("attention.norm.bias"):
            bias_multiply = attention_norm_bias * attention_norm_bias  # float32[32]
            bias_reduce_sum = jnp.sum(bias_multiply, axis=(0,))  # float32[]
        with jax.named_scope("attention.query"):
            query_multiply = attention_query * attention_query  # float32[32, 32]
            query_reduce_sum = jnp.sum(query_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.query.bias"):
            bias_multiply_2 = attention_query_bias * attention_query_bias  # float32[32]
            bias_reduce_sum_2 = jnp.sum(bias_multiply_2, axis=(0,))  # float32[]
        with jax.named_scope("attention.key"):
            key_multiply = attention_key * attention_key  # float32[32, 32]
            key_reduce_sum = jnp.sum(key_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.key.bias"):
            bias_multiply_3 = attention_key_bias * attention_key_bias  # float32[32]
            bias_reduce_sum_3 = jnp.sum(bias_multiply_3, axis=(0,))  # float32[]
        with jax.named_scope("attention.value"):
            value_multiply = attention_value * attention_value  # float32[32, 32]
            value_reduce_sum = jnp.sum(value_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.value.bias"):
            bias_multiply_4 = attention_value_bias * attention_value_bias  # float32[32]
            bias_reduce_sum_4 = jnp.sum(bias_multiply_4, axis=(0,))  # float32[]
        with jax.named_scope("attention.output"):
            output_multiply = attention_output * attention_output  # float32[32, 32]
            output_reduce_sum = jnp.sum(output_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("attention.output.bias"):
            bias_multiply_5 = attention_output_bias * attention_output_bias  # float32[32]
            bias_reduce_sum_5 = jnp.sum(bias_multiply_5, axis=(0,))  # float32[]
        with jax.named_scope("mlp.norm.gain"):
            gain_multiply_2 = mlp_norm_gain * mlp_norm_gain  # float32[32]
            gain_reduce_sum_2 = jnp.sum(gain_multiply_2, axis=(0,))  # float32[]
        with jax.named_scope("mlp.norm.bias"):
            bias_multiply_6 = mlp_norm_bias * mlp_norm_bias  # float32[32]
            bias_reduce_sum_6 = jnp.sum(bias_multiply_6, axis=(0,))  # float32[]
        with jax.named_scope("mlp.up"):
            up_multiply = mlp_up * mlp_up  # float32[128, 32]
            up_reduce_sum = jnp.sum(up_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("mlp.up.bias"):
            bias_multiply_7 = mlp_up_bias * mlp_up_bias  # float32[128]
            bias_reduce_sum_7 = jnp.sum(bias_multiply_7, axis=(0,))  # float32[]
        with jax.named_scope("mlp.down"):
            down_multiply = mlp_down * mlp_down  # float32[32, 128]
            down_reduce_sum = jnp.sum(down_multiply, axis=(0, 1))  # float32[]
        with jax.named_scope("mlp.down.bias"):
            bias_multiply_8 = mlp_down_bias * mlp_down_bias  # float32[32]
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
                gradients["blocks.*.attention.norm.gain"],
                gradients["blocks.*.attention.norm.bias"],
                gradients["blocks.*.attention.query"],
                gradients["blocks.*.attention.query.bias"],
                gradients["blocks.*.attention.key"],
                gradients["blocks.*.attention.key.bias"],
                gradients["blocks.*.attention.value"],
                gradients["blocks.*.attention.value.bias"],
                gradients["blocks.*.attention.output"],
                gradients["blocks.*.attention.output.bias"],
                gradients["blocks.*.mlp.norm.gain"],
                gradients["blocks.*.mlp.norm.bias"],
                gradients["blocks.*.mlp.up"],
                gradients["blocks.*.mlp.up.bias"],
                gradients["blocks.*.mlp.down"],
                gradients["blocks.*.mlp.down.bias"],
            ),
        )
    with jax.named_scope("optimizer.norm.gain"):
        gain_multiply_3 = gradients["norm.gain"] * gradients["norm.gain"]  # float32[32]
        gain_reduce_sum_3 = jnp.sum(gain_multiply_3, axis=(0,))  # float32[]
    with jax.named_scope("optimizer.norm.bias"):
        bias_multiply_9 = gradients["norm.bias"] * gradients["norm.bias"]  # float32[32]
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
        embedding_where = jnp.where(optimizer_and_2, gradients["embedding"], 0.0)  # float32[64, 32]
    with jax.named_scope("optimizer"):
        optimizer_sqrt_2 = jnp.sqrt(optimizer_add_3)  # float32[]
        optimizer_multiply_6 = schedule_factor * 0.0144  # float32[]
        optimizer_multiply_7 = optimizer_multiply_6 * optimizer_sqrt_2  # float32[]
        optimizer_divide_2 = optimizer_multiply_7 / optimizer_add_2  # float32[]
        optimizer_where_7 = jnp.where(optimizer_and_2, jnp.float32(0.9), jnp.float32(1.0))  # float32[]
        optimizer_multiply_8 = optimizer_where * 0.09999999999999998  # float32[]
        optimizer_where_8 = jnp.where(optimizer_and_2, jnp.float32(0.95), jnp.float32(1.0))  # float32[]
        optimizer_multiply_9 = optimizer_where * optimizer_where  # float32[]
        optimizer_multiply_10 = optimizer_multiply_9 * 0.050000000000000044  # float32[]
        optimizer_where_9 = jnp.where(optimizer_and_2, optimizer_multiply_10, -1.0)  # float32[]
        optimizer_multiply_11 = schedule_factor * 0.00144  # float32[]
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
        positions_where = jnp.where(optimizer_and_2, gradients["positions"], 0.0)  # float32[16, 32]
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
            attention_norm_gain_2,  # float32[32]
            attention_norm_gain_first_moment,  # float32[32]
            attention_norm_gain_second_moment,  # float32[32]
            attention_norm_gain_3,  # float32[32]
            attention_norm_bias_2,  # float32[32]
            attention_norm_bias_first_moment,  # float32[32]
            attention_norm_bias_second_moment,  # float32[32]
            attention_norm_bias_3,  # float32[32]
            attention_query_2,  # float32[32, 32]
            attention_query_first_moment,  # float32[32, 32]
            attention_query_second_moment,  # float32[32, 32]
            attention_query_3,  # float32[32, 32]
            attention_query_bias_2,  # float32[32]
            attention_query_bias_first_moment,  # float32[32]
            attention_query_bias_second_moment,  # float32[32]
            attention_query_bias_3,  # float32[32]
            attention_key_2,  # float32[32, 32]
            attention_key_first_moment,  # float32[32, 32]
            attention_key_second_moment,  # float32[32, 32]
            attention_key_3,  # float32[32, 32]
            attention_key_bias_2,  # float32[32]
            attention_key_bias_first_moment,  # float32[32]
            attention_key_bias_second_moment,  # float32[32]
            attention_key_bias_3,  # float32[32]
            attention_value_2,  # float32[32, 32]
            attention_value_first_moment,  # float32[32, 32]
            attention_value_second_moment,  # float32[32, 32]
            attention_value_3,  # float32[32, 32]
            attention_value_bias_2,  # float32[32]
            attention_value_bias_first_moment,  # float32[32]
            attention_value_bias_second_moment,  # float32[32]
            attention_value_bias_3,  # float32[32]
            attention_output_2,  # float32[32, 32]
            attention_output_first_moment,  # float32[32, 32]
            attention_output_second_moment,  # float32[32, 32]
            attention_output_3,  # float32[32, 32]
            attention_output_bias_2,  # float32[32]
            attention_output_bias_first_moment,  # float32[32]
            attention_output_bias_second_moment,  # float32[32]
            attention_output_bias_3,  # float32[32]
            mlp_norm_gain_2,  # float32[32]
            mlp_norm_gain_first_moment,  # float32[32]
            mlp_norm_gain_second_moment,  # float32[32]
            mlp_norm_gain_3,  # float32[32]
            mlp_norm_bias_2,  # float32[32]
            mlp_norm_bias_first_moment,  # float32[32]
            mlp_norm_bias_second_moment,  # float32[32]
            mlp_norm_bias_3,  # float32[32]
            mlp_up_2,  # float32[128, 32]
            mlp_up_first_moment,  # float32[128, 32]
            mlp_up_second_moment,  # float32[128, 32]
            mlp_up_3,  # float32[128, 32]
            mlp_up_bias_2,  # float32[128]
            mlp_up_bias_first_moment,  # float32[128]
            mlp_up_bias_second_moment,  # float32[128]
            mlp_up_bias_3,  # float32[128]
            mlp_down_2,  # float32[32, 128]
            mlp_down_first_moment,  # float32[32, 128]
            mlp_down_second_moment,  # float32[32, 128]
            mlp_down_3,  # float32[32, 128]
            mlp_down_bias_2,  # float32[32]
            mlp_down_bias_first_moment,  # float32[32]
            mlp_down_bias_second_moment,  # float32[32]
            mlp_down_bias_3,  # float32[32]
        ) = layer
        with jax.named_scope("attention.norm.gain"):
            gain_where = jnp.where(optimizer_and_2, attention_norm_gain_2, 0.0)  # float32[32]
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
            bias_where = jnp.where(optimizer_and_2, attention_norm_bias_2, 0.0)  # float32[32]
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
            bias_subtract = attention_norm_bias_3 - bias_divide  # float32[32]
        with jax.named_scope("attention.query"):
            query_where = jnp.where(optimizer_and_2, attention_query_2, 0.0)  # float32[32, 32]
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
            bias_where_2 = jnp.where(optimizer_and_2, attention_query_bias_2, 0.0)  # float32[32]
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
            bias_subtract_2 = attention_query_bias_3 - bias_divide_2  # float32[32]
        with jax.named_scope("attention.key"):
            key_where = jnp.where(optimizer_and_2, attention_key_2, 0.0)  # float32[32, 32]
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
            bias_where_3 = jnp.where(optimizer_and_2, attention_key_bias_2, 0.0)  # float32[32]
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
            bias_subtract_3 = attention_key_bias_3 - bias_divide_3  # float32[32]
        with jax.named_scope("attention.value"):
            value_where = jnp.where(optimizer_and_2, attention_value_2, 0.0)  # float32[32, 32]
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
            bias_where_4 = jnp.where(optimizer_and_2, attention_value_bias_2, 0.0)  # float32[32]
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
            bias_subtract_4 = attention_value_bias_3 - bias_divide_4  # float32[32]
        with jax.named_scope("attention.output"):
            output_where = jnp.where(optimizer_and_2, attention_output_2, 0.0)  # float32[32, 32]
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
            bias_where_5 = jnp.where(optimizer_and_2, attention_output_bias_2, 0.0)  # float32[32]
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
            bias_subtract_5 = attention_output_bias_3 - bias_divide_5  # float32[32]
        with jax.named_scope("mlp.norm.gain"):
            gain_where_2 = jnp.where(optimizer_and_2, mlp_norm_gain_2, 0.0)  # float32[32]
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
            bias_where_6 = jnp.where(optimizer_and_2, mlp_norm_bias_2, 0.0)  # float32[32]
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
            bias_subtract_6 = mlp_norm_bias_3 - bias_divide_6  # float32[32]
        with jax.named_scope("mlp.up"):
            up_where = jnp.where(optimizer_and_2, mlp_up_2, 0.0)  # float32[128, 32]
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
            bias_where_7 = jnp.where(optimizer_and_2, mlp_up_bias_2, 0.0)  # float32[128]
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
            bias_subtract_7 = mlp_up_bias_3 - bias_divide_7  # float32[128]
        with jax.named_scope("mlp.down"):
            down_where = jnp.where(optimizer_and_2, mlp_down_2, 0.0)  # float32[32, 128]
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
            bias_where_8 = jnp.where(optimizer_and_2, mlp_down_bias_2, 0.0)  # float32[32]
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
            bias_subtract_8 = mlp_down_bias_3 - bias_divide_8  # float32[32]
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
                gradients["blocks.*.attention.norm.gain"],
                state["optimizer.blocks.*.attention.norm.gain.firstMoment"],
                state["optimizer.blocks.*.attention.norm.gain.secondMoment"],
                state["blocks.*.attention.norm.gain"],
                gradients["blocks.*.attention.norm.bias"],
                state["optimizer.blocks.*.attention.norm.bias.firstMoment"],
                state["optimizer.blocks.*.attention.norm.bias.secondMoment"],
                state["blocks.*.attention.norm.bias"],
                gradients["blocks.*.attention.query"],
                state["optimizer.blocks.*.attention.query.firstMoment"],
                state["optimizer.blocks.*.attention.query.secondMoment"],
                state["blocks.*.attention.query"],
                gradients["blocks.*.attention.query.bias"],
                state["optimizer.blocks.*.attention.query.bias.firstMoment"],
                state["optimizer.blocks.*.attention.query.bias.secondMoment"],
                state["blocks.*.attention.query.bias"],
                gradients["blocks.*.attention.key"],
                state["optimizer.blocks.*.attention.key.firstMoment"],
                state["optimizer.blocks.*.attention.key.secondMoment"],
                state["blocks.*.attention.key"],
                gradients["blocks.*.attention.key.bias"],
                state["optimizer.blocks.*.attention.key.bias.firstMoment"],
                state["optimizer.blocks.*.attention.key.bias.secondMoment"],
                state["blocks.*.attention.key.bias"],
                gradients["blocks.*.attention.value"],
                state["optimizer.blocks.*.attention.value.firstMoment"],
                state["optimizer.blocks.*.attention.value.secondMoment"],
                state["blocks.*.attention.value"],
                gradients["blocks.*.attention.value.bias"],
                state["optimizer.blocks.*.attention.value.bias.firstMoment"],
                state["optimizer.blocks.*.attention.value.bias.secondMoment"],
                state["blocks.*.attention.value.bias"],
                gradients["blocks.*.attention.output"],
                state["optimizer.blocks.*.attention.output.firstMoment"],
                state["optimizer.blocks.*.attention.output.secondMoment"],
                state["blocks.*.attention.output"],
                gradients["blocks.*.attention.output.bias"],
                state["optimizer.blocks.*.attention.output.bias.firstMoment"],
                state["optimizer.blocks.*.attention.output.bias.secondMoment"],
                state["blocks.*.attention.output.bias"],
                gradients["blocks.*.mlp.norm.gain"],
                state["optimizer.blocks.*.mlp.norm.gain.firstMoment"],
                state["optimizer.blocks.*.mlp.norm.gain.secondMoment"],
                state["blocks.*.mlp.norm.gain"],
                gradients["blocks.*.mlp.norm.bias"],
                state["optimizer.blocks.*.mlp.norm.bias.firstMoment"],
                state["optimizer.blocks.*.mlp.norm.bias.secondMoment"],
                state["blocks.*.mlp.norm.bias"],
                gradients["blocks.*.mlp.up"],
                state["optimizer.blocks.*.mlp.up.firstMoment"],
                state["optimizer.blocks.*.mlp.up.secondMoment"],
                state["blocks.*.mlp.up"],
                gradients["blocks.*.mlp.up.bias"],
                state["optimizer.blocks.*.mlp.up.bias.firstMoment"],
                state["optimizer.blocks.*.mlp.up.bias.secondMoment"],
                state["blocks.*.mlp.up.bias"],
                gradients["blocks.*.mlp.down"],
                state["optimizer.blocks.*.mlp.down.firstMoment"],
                state["optimizer.blocks.*.mlp.down.secondMoment"],
                state["blocks.*.mlp.down"],
                gradients["blocks.*.mlp.down.bias"],
                state["optimizer.blocks.*.mlp.down.bias.firstMoment"],
                state["optimizer.blocks.*.mlp.down.bias.secondMoment"],
                state["blocks.*.mlp.down.bias"],
            ),
        )
    with jax.named_scope("optimizer.norm.gain"):
        gain_where_3 = jnp.where(optimizer_and_2, gradients["norm.gain"], 0.0)  # float32[32]
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
        bias_where_9 = jnp.where(optimizer_and_2, gradients["norm.bias"], 0.0)  # float32[32]
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
