/** The functions that stand at the head of an emitted module, those that it calls: composites that JAX has no single call for. */

export const compositeFunctions = {
  rms_norm: `def rms_norm(x, epsilon):
    """x / sqrt(mean(x^2) + epsilon) over the last axis, in float32."""
    y = x.astype(jnp.float32)
    y = y * jax.lax.rsqrt(jnp.mean(jnp.square(y), axis=-1, keepdims=True) + epsilon)
    return y.astype(x.dtype)`,

  layer_norm: `def layer_norm(x, epsilon):
    """(x - mean) / sqrt(variance + epsilon) over the last axis, in float32."""
    y = x.astype(jnp.float32)
    y = y - jnp.mean(y, axis=-1, keepdims=True)
    y = y * jax.lax.rsqrt(jnp.mean(jnp.square(y), axis=-1, keepdims=True) + epsilon)
    return y.astype(x.dtype)`,

  relu: `def relu(x):
    """max(x, 0)."""
    return jax.nn.relu(x)`,

  relu_squared: `def relu_squared(x):
    """max(x, 0)^2."""
    return jnp.square(jax.nn.relu(x))`,

  silu: `def silu(x):
    """x * sigmoid(x)."""
    return jax.nn.silu(x)`,

  gelu: `def gelu(x, is_approximate):
    """x * Phi(x), Phi the normal distribution function; approximated by tanh if so wished."""
    return jax.nn.gelu(x, approximate=is_approximate)`,

  rotary_embedding: `def rotary_embedding(x, cosines, sines):
    """Turns the pairs (x[j], x[j + K/2]) of x [B, H, T, K] by the angles of the tables [T, K/2]."""
    first, second = jnp.split(x, 2, axis=-1)
    return jnp.concatenate([first * cosines - second * sines, second * cosines + first * sines], axis=-1)`,

  attention: `# Which kernel computes attention: None is XLA's own, "cudnn" that of cuDNN.
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
    return jnp.swapaxes(y, 1, 2)`,

  cross_entropy: `def cross_entropy(logits, targets, ignored):
    """-log softmax(logits)[target] of logits [N, V], in float32; 0 where the target is \`ignored\`.

    The logit of the target is picked by comparison, so that its gradient is elementwise and no scatter.
    """
    x = logits.astype(jnp.float32)
    is_target = jnp.arange(x.shape[1], dtype=jnp.int32) == targets[:, None]
    losses = jax.nn.logsumexp(x, axis=1) - jnp.sum(jnp.where(is_target, x, 0.0), axis=1)
    if ignored is not None:
        losses = jnp.where(targets == ignored, 0.0, losses)
    return losses.astype(logits.dtype)`,

  scatter_add_along_axis: `def scatter_add_along_axis(base, indices, updates, axis):
    """base with each element of the updates added at the position that indices name along an axis."""
    places = list(jnp.indices(indices.shape, dtype=jnp.int32, sparse=True))
    places[axis] = indices
    return base.at[tuple(places)].add(updates)`,
} as const;

export type CompositeFunction = keyof typeof compositeFunctions;

/** Functions that are cheap to compute again, and what else `jax.checkpoint` is told of them: which arguments are plain numbers. */
const cheapFunctions: { readonly [Name in CompositeFunction]?: string } = {
  rms_norm: ', static_argnums=(1,)',
  layer_norm: ', static_argnums=(1,)',
  relu: '',
  relu_squared: '',
  silu: '',
  gelu: ', static_argnums=(1,)',
};

/**
 * The text of those functions that `body` calls, in the order above.
 *
 * @param isDifferentiated JAX differentiates the body: cheap functions keep their operand for the gradient and nothing else
 */
export function calledFunctions(body: string, isDifferentiated: boolean): string[] {
  return Object.entries(compositeFunctions)
    .filter(([name]) => new RegExp(`(?<![.\\w])${name}\\(`).test(body))
    .map(([name, text]) => {
      const settings = cheapFunctions[name as CompositeFunction];
      return isDifferentiated && settings !== undefined ? `${text}\n\n\n${checkpointText(name, settings)}` : text;
    });
}

function checkpointText(name: string, settings: string): string {
  return `# For the backward pass only x is kept; the rest costs less to compute again than to write and read.
${name} = jax.checkpoint(${name}, prevent_cse=False${settings})`;
}
