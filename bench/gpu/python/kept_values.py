"""Lists what the fast form of an emitted step keeps from the forward for the backward pass; needs no GPU.

    python kept_values.py STEP.py [rows of a micro-batch]

What a `scan` over layers keeps is written and read whole, whatever the compiler fuses: this is most of the
memory of a step and much of the traffic. Scores of attention are listed as XLA's own attention keeps them;
cuDNN's keeps none.
"""

import importlib.util
import sys

import jax
import jax.numpy as jnp


def main(path: str, num_rows: int | None) -> None:
    spec = importlib.util.spec_from_file_location("emitted_step", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    parameters = {
        name: jax.ShapeDtypeStruct(shape, jnp.dtype(dtype))
        for name, (shape, dtype, kind) in module.STATE.items()
        if kind == "parameter"
    }
    whole, T = module.INPUTS["tokens"][0]
    rows = (num_rows or whole, T)

    def kept(parameters):
        tokens, ones = jnp.zeros(rows, jnp.int32), jnp.ones(rows)
        batch = {
            "tokens": tokens,
            "targets": tokens,
            "weights": ones,
            "totalWeight": jnp.float32(rows[0] * T),
        }
        return jax.vjp(lambda values: module.loss(values, batch), parameters)[1]

    arrays = jax.tree.leaves(jax.eval_shape(kept, parameters))
    sizes = sorted(((x.size * x.dtype.itemsize, f"{x.dtype}{list(x.shape)}") for x in arrays), reverse=True)
    for size, text in sizes:
        if size >= 0.005 * sizes[0][0]:
            print(f"{size / 1e9:9.3f} GB  {text}")
    is_score = [f"{T}, {T}]" in text for _, text in sizes]
    scores = sum(size for (size, _), found in zip(sizes, is_score) if found) / 1e9
    print(
        f"{sum(size for size, _ in sizes) / 1e9:9.3f} GB  in all, of which scores of attention {scores:.3f}"
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
