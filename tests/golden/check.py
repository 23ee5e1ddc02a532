"""Checks generate.py against independent ways to the same numbers, and the golden files against generate.py.

Exits with status 1 at the first failure. Prints how far float32 rounding moves each result, which is what
the tolerances of the TypeScript tests are chosen from.
"""

import math

import generate
import torch
from generate import B, G, H, K, T

STEP = 2e-6  # of the central differences, in float64: truncation and rounding both stay under 1e-9


def require(is_true, message):
    print(("ok    " if is_true else "FAILED ") + message)
    if not is_true:
        raise SystemExit(1)


def largest_difference(a, b):
    """The largest |a - b| over all parameters."""
    return max((a[name].double() - b[name].double()).abs().max().item() for name in a)


def loop_loss(parameters, inputs, targets):
    """The mean loss again, written from the definition in plain Python, one number at a time."""
    w = {name: p.tolist() for name, p in parameters.items()}

    def times(matrix, x):
        return [sum(m * v for m, v in zip(row, x, strict=True)) for row in matrix]

    def norm(x, gain):
        scale = 1 / math.sqrt(sum(v * v for v in x) / len(x) + 1e-6)
        return [v * scale * g for v, g in zip(x, gain, strict=True)]

    def turn(x, t):
        out = [0.0] * K
        for j in range(K // 2):
            angle = t * 10000 ** (-2 * j / K)
            out[j] = x[j] * math.cos(angle) - x[j + K // 2] * math.sin(angle)
            out[j + K // 2] = x[j + K // 2] * math.cos(angle) + x[j] * math.sin(angle)
        return out

    total, count = 0.0, 0
    for b in range(B):
        xs = [list(w["embedding"][token]) for token in inputs[b].tolist()]
        for i, window in enumerate((T, 5)):
            at, ml = f"blocks.{i}.attention", f"blocks.{i}.mlp"
            hs = [norm(x, w[f"{at}.norm.gain"]) for x in xs]
            q, k, v = ([times(w[f"{at}.{m}"], h) for h in hs] for m in ("query", "key", "value"))
            for t in range(T):
                mixed = []
                for head in range(H):
                    group = head // (H // G)
                    query = turn(norm(q[t][head * K : head * K + K], w[f"{at}.queryNorm.gain"]), t)
                    seen = [s for s in range(T) if t - window < s <= t]
                    exponentials = []
                    for s in seen:
                        key = turn(norm(k[s][group * K : group * K + K], w[f"{at}.keyNorm.gain"]), s)
                        exponentials.append(math.exp(sum(a * c for a, c in zip(query, key)) / math.sqrt(K)))
                    for j in range(K):
                        mix = sum(e * v[s][group * K + j] for e, s in zip(exponentials, seen))
                        mixed.append(mix / sum(exponentials))
                xs[t] = [a + c for a, c in zip(xs[t], times(w[f"{at}.output"], mixed), strict=True)]
            for t in range(T):
                h = norm(xs[t], w[f"{ml}.norm.gain"])
                gate, up = times(w[f"{ml}.gate"], h), times(w[f"{ml}.up"], h)
                hidden = [g / (1 + math.exp(-g)) * u for g, u in zip(gate, up, strict=True)]
                xs[t] = [a + c for a, c in zip(xs[t], times(w[f"{ml}.down"], hidden), strict=True)]
        for t in range(T):
            target = targets[b, t].item()
            if target == -1:
                continue
            logits = times(w["head"], norm(xs[t], w["norm.gain"]))
            total += math.log(sum(math.exp(z) for z in logits)) - logits[target]
            count += 1
    return total / count


def central_differences(parameters, inputs, targets):
    """The gradient of every entry as (f(x + h) - f(x - h)) / 2h."""
    gradients = {}
    with torch.no_grad():
        for name, p in parameters.items():
            flat = p.view(-1)
            gradient = torch.zeros_like(flat)
            for i in range(flat.numel()):
                x = flat[i].item()
                flat[i] = x + STEP
                above = generate.mean_loss(parameters, inputs, targets)
                flat[i] = x - STEP
                below = generate.mean_loss(parameters, inputs, targets)
                flat[i] = x
                gradient[i] = (above - below) / (2 * STEP)
            gradients[name] = gradient.view_as(p)
    return gradients


def loop_adamw_step(p, g, m, v, step, decay):
    """AdamW (Loshchilov & Hutter 2019, algorithm 2) on one number; step counts from 1."""
    m = 0.9 * m + 0.1 * g
    v = 0.95 * v + 0.05 * g * g
    p = p * (1 - 3e-3 * decay)
    p -= 3e-3 * (m / (1 - 0.9**step)) / (math.sqrt(v / (1 - 0.95**step)) + 1e-8)
    return p, m, v


def train_adamw_by_hand():
    """The AdamW run in float64 with clipping and update written out."""
    parameters = generate.initial_parameters(torch.float64)
    state = {name: [[0.0, 0.0] for _ in range(p.numel())] for name, p in parameters.items()}
    for step in range(10):
        for p in parameters.values():
            p.grad = None
        generate.mean_loss(parameters, *generate.batch(step)).backward()
        norm = math.sqrt(sum(g * g for p in parameters.values() for g in p.grad.view(-1).tolist()))
        scale = min(1.0, 1.0 / (norm + 1e-6))
        with torch.no_grad():
            for name, p in parameters.items():
                values, gradients = p.view(-1).tolist(), p.grad.view(-1).tolist()
                for i, (x, g) in enumerate(zip(values, gradients, strict=True)):
                    values[i], *state[name][i] = loop_adamw_step(
                        x, g * scale, *state[name][i], step + 1, 0.1 if p.ndim == 2 else 0.0
                    )
                p.copy_(torch.tensor(values, dtype=torch.float64).view_as(p))
    return {name: p.detach() for name, p in parameters.items()}


def muon_step_difference():
    """Our Muon against torch.optim.Muon (bfloat16) on one parameter of each shape, three steps, as a
    fraction of the distance moved."""
    worst = 0.0
    shapes = {s for n, s in generate.parameter_shapes().items() if n.startswith("blocks.") and len(s) == 2}
    for rows, columns in sorted(shapes):
        start = torch.tensor(generate.uniforms(1, rows * columns)).reshape(rows, columns) - 0.5
        ours, theirs = start.clone().requires_grad_(), start.clone().requires_grad_()
        our_optimizer = generate.Muon([ours])
        their_optimizer = torch.optim.Muon(
            [theirs], lr=0.02, weight_decay=0.1, momentum=0.95, nesterov=True,
            ns_coefficients=(3.4445, -4.7750, 2.0315), ns_steps=5, eps=1e-7, adjust_lr_fn="original",
        )
        for step in range(3):
            g = torch.tensor(generate.uniforms(2 + step, rows * columns)).reshape(rows, columns) - 0.5
            ours.grad, theirs.grad = g.clone(), g.clone()
            our_optimizer.step()
            their_optimizer.step()
        worst = max(worst, ((ours - theirs).norm() / (ours - start).norm()).item())
    return worst


def main():
    inputs, targets = generate.batch(0)
    exact = generate.initial_parameters(torch.float64)
    loss = generate.mean_loss(exact, inputs, targets)
    by_loops = loop_loss(exact, inputs, targets)
    require(abs(loss.item() - by_loops) < 1e-12, f"loss {loss.item()!r} equals plain loops to 1e-12")

    loss.backward()
    gradients = {name: p.grad for name, p in exact.items()}
    difference = largest_difference(gradients, central_differences(exact, inputs, targets))
    count = sum(g.numel() for g in gradients.values())
    require(difference < 2e-9, f"all {count} gradients equal central differences: largest difference {difference:.1e}")

    difference = muon_step_difference()
    require(difference < 0.02, f"Muon agrees with torch.optim.Muon to bfloat16: {difference:.1e} of the distance moved")

    difference = largest_difference(generate.train("adamw", torch.float64)["parameters"], train_adamw_by_hand())
    require(difference < 1e-10, f"AdamW and clipping equal plain loops in float64: largest difference {difference:.1e}")

    for kind in ("adamw", "muon"):
        rounded, unrounded = generate.train(kind), generate.train(kind, torch.float64)
        for key in ("losses", "gradientNorms"):
            drift = max(abs(a - b) for a, b in zip(rounded[key], unrounded[key], strict=True))
            print(f"      {kind}: float32 differs from float64 by at most {drift:.1e} in {key}")
        for key in ("gradients", "parameters"):
            drift = largest_difference(rounded[key], unrounded[key])
            require(drift < 1e-3, f"{kind}: float32 differs from float64 by at most {drift:.1e} in {key}")

    for kind in ("adamw", "muon"):
        text = generate.golden_path(kind).read_text(encoding="utf-8")
        require(text == generate.golden_json(kind), f"{kind}.json is what generate.py writes, to the byte")


if __name__ == "__main__":
    main()
