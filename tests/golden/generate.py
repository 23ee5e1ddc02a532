"""Trains a two-layer GPT for ten steps in PyTorch, once with AdamW and once with Muon, and writes what
happened to adamw.json and muon.json beside this file. The TypeScript tests must reach the same numbers.

Nothing is drawn from a library's generator: initial values and tokens come from the linear congruential
generator below, so that any language can rebuild them.

Axes: B batch, T time, D model width, H query heads, G key/value heads, K head width, F hidden width of the
MLP, V vocabulary.
"""

import base64
import json
import os
from pathlib import Path

# Must be set before torch loads: the kernels without CPU-specific vector code, so that a regeneration
# depends as little as possible on the processor.
os.environ["ATEN_CPU_CAPABILITY"] = "default"
os.environ["MKL_CBWR"] = "COMPATIBLE"

import torch

V, D, L, H, G, K, F, T, B = 32, 16, 2, 4, 2, 4, 24, 12, 3
WINDOWS = (None, 5)  # per block: None is full causal attention, w lets position t see s with t - w < s <= t
NORM_EPSILON = 1e-6
ROTARY_BASE = 10000.0
IGNORED_TARGET = -1

NUM_STEPS = 10
MAX_GRADIENT_NORM = 1.0
ADAMW_LEARNING_RATE, ADAMW_BETAS, ADAMW_EPSILON = 3e-3, (0.9, 0.95), 1e-8
MUON_LEARNING_RATE, MUON_MOMENTUM, MUON_EPSILON = 0.02, 0.95, 1e-7
NEWTON_SCHULZ_STEPS, NEWTON_SCHULZ_COEFFICIENTS = 5, (3.4445, -4.7750, 2.0315)
WEIGHT_DECAY = 0.1  # on matrices, embedding and head; none on gains


def parameter_shapes():
    """Name and shape of every parameter, in the order that numbers them. Matrices are [out, in]."""
    shapes = {"embedding": (V, D)}
    for i in range(L):
        shapes |= {
            f"blocks.{i}.attention.norm.gain": (D,),
            f"blocks.{i}.attention.query": (H * K, D),
            f"blocks.{i}.attention.key": (G * K, D),
            f"blocks.{i}.attention.value": (G * K, D),
            f"blocks.{i}.attention.queryNorm.gain": (K,),
            f"blocks.{i}.attention.keyNorm.gain": (K,),
            f"blocks.{i}.attention.output": (D, H * K),
            f"blocks.{i}.mlp.norm.gain": (D,),
            f"blocks.{i}.mlp.gate": (F, D),
            f"blocks.{i}.mlp.up": (F, D),
            f"blocks.{i}.mlp.down": (D, F),
        }
    return shapes | {"norm.gain": (D,), "head": (V, D)}


def uniforms(seed, count):
    """`count` numbers in [0, 1): x = (1664525 x + 1013904223) mod 2^32, then x / 2^32."""
    x = seed % 2**32
    values = []
    for _ in range(count):
        x = (1664525 * x + 1013904223) % 2**32
        values.append(x / 2**32)
    return values


def initial_parameters(dtype=torch.float32):
    """Parameter number p is seeded with 7919 p + 12345: uniform in ±0.35 for matrices, 1 ± 0.25 for gains.

    The values are rounded to float32 whatever the dtype, so that a float64 run starts from the same point.
    """
    parameters = {}
    for p, (name, shape) in enumerate(parameter_shapes().items()):
        u = uniforms(p * 7919 + 12345, torch.Size(shape).numel())
        if len(shape) == 1:
            values = [1 + (x - 0.5) * 0.5 for x in u]
        else:
            values = [(x - 0.5) * 2 * 0.35 for x in u]
        float32 = torch.tensor(values, dtype=torch.float64).to(torch.float32)
        parameters[name] = float32.to(dtype).reshape(shape).requires_grad_()
    return parameters


def batch(step):
    """Inputs and targets [B, T] of a step; every seventh target or so is ignored."""
    u = uniforms(step * 104729 + 777, B * (T + 1))
    tokens = torch.tensor([int(x * V) for x in u]).reshape(B, T + 1)
    inputs, targets = tokens[:, :-1], tokens[:, 1:].clone()
    for b in range(B):
        for t in range(T):
            if (b * T + t + step) % 7 == 0:
                targets[b, t] = IGNORED_TARGET
    return inputs, targets


def rms_norm(x, gain):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + NORM_EPSILON) * gain


def rotary(x_BNTK):
    """Turns the pair (x[j], x[j + K/2]) at time t by the angle t * base^(-2j/K); tables made in float64."""
    t = torch.arange(T, dtype=torch.float64)
    j = torch.arange(K // 2, dtype=torch.float64)
    angle = t[:, None] * ROTARY_BASE ** (-2 * j / K)
    cos, sin = angle.cos().to(x_BNTK.dtype), angle.sin().to(x_BNTK.dtype)
    x1, x2 = x_BNTK.chunk(2, dim=-1)
    return torch.cat([x1 * cos - x2 * sin, x2 * cos + x1 * sin], dim=-1)


def attention(parameters, prefix, h_BTD, window):
    def heads(matrix, num_heads):
        return (h_BTD @ parameters[f"{prefix}.{matrix}"].T).reshape(B, T, num_heads, K).transpose(1, 2)

    q_BHTK = rotary(rms_norm(heads("query", H), parameters[f"{prefix}.queryNorm.gain"]))
    k_BGTK = rotary(rms_norm(heads("key", G), parameters[f"{prefix}.keyNorm.gain"]))
    v_BGTK = heads("value", G)

    # Query head h reads key/value head floor(h / (H/G)).
    k_BHTK = k_BGTK.repeat_interleave(H // G, dim=1)
    v_BHTK = v_BGTK.repeat_interleave(H // G, dim=1)

    t, s = torch.arange(T)[:, None], torch.arange(T)[None, :]
    visible = s <= t
    if window is not None:
        visible = visible & (s > t - window)
    scores_BHTS = (q_BHTK @ k_BHTK.transpose(-1, -2)) * K**-0.5
    weights_BHTS = scores_BHTS.masked_fill(~visible, -torch.inf).softmax(-1)
    mixed_BTD = (weights_BHTS @ v_BHTK).transpose(1, 2).reshape(B, T, H * K)
    return mixed_BTD @ parameters[f"{prefix}.output"].T


def mlp(parameters, prefix, h_BTD):
    gate_BTF = h_BTD @ parameters[f"{prefix}.gate"].T
    up_BTF = h_BTD @ parameters[f"{prefix}.up"].T
    return (torch.nn.functional.silu(gate_BTF) * up_BTF) @ parameters[f"{prefix}.down"].T


def mean_loss(parameters, inputs, targets):
    """Mean cross-entropy, in nats, over the positions whose target is not ignored."""
    x_BTD = parameters["embedding"][inputs]
    for i, window in enumerate(WINDOWS):
        h_BTD = rms_norm(x_BTD, parameters[f"blocks.{i}.attention.norm.gain"])
        x_BTD = x_BTD + attention(parameters, f"blocks.{i}.attention", h_BTD, window)
        h_BTD = rms_norm(x_BTD, parameters[f"blocks.{i}.mlp.norm.gain"])
        x_BTD = x_BTD + mlp(parameters, f"blocks.{i}.mlp", h_BTD)
    logits_BTV = rms_norm(x_BTD, parameters["norm.gain"]) @ parameters["head"].T
    return torch.nn.functional.cross_entropy(
        logits_BTV.reshape(-1, V), targets.reshape(-1), ignore_index=IGNORED_TARGET
    )


def adamw(parameters):
    """AdamW over the given parameters, without weight decay on gains."""
    groups = [
        {"params": [p for p in parameters.values() if p.ndim == 2], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in parameters.values() if p.ndim == 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=ADAMW_LEARNING_RATE, betas=ADAMW_BETAS, eps=ADAMW_EPSILON, foreach=False
    )


def orthogonalize(u):
    """Newton–Schulz: X = U / ‖U‖, then five times X = aX + (bA + cA²)X with A = XXᵀ, on the wide side."""
    a, b, c = NEWTON_SCHULZ_COEFFICIENTS
    is_tall = u.shape[0] > u.shape[1]
    x = u / (u.norm() + MUON_EPSILON)
    x = x.T if is_tall else x
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if is_tall else x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, at a rate scaled by max(1, rows / columns)^0.5.

    torch.optim.Muon is not used: it orthogonalises in bfloat16.
    """

    def __init__(self, matrices):
        super().__init__(matrices, {})

    @torch.no_grad()
    def step(self):
        for p in self.param_groups[0]["params"]:
            momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
            momentum.mul_(MUON_MOMENTUM).add_(p.grad)
            update = orthogonalize(p.grad + MUON_MOMENTUM * momentum)
            rows, columns = p.shape
            p.mul_(1 - MUON_LEARNING_RATE * WEIGHT_DECAY)
            p.sub_(MUON_LEARNING_RATE * max(1, rows / columns) ** 0.5 * update)


def is_muon_parameter(name, p):
    return name.startswith("blocks.") and p.ndim == 2


def make_optimizers(kind, parameters):
    if kind == "adamw":
        return [adamw(parameters)]
    matrices = {n: p for n, p in parameters.items() if is_muon_parameter(n, p)}
    rest = {n: p for n, p in parameters.items() if n not in matrices}
    return [Muon(matrices.values()), adamw(rest)]


def train(kind, dtype=torch.float32):
    """Ten steps. `losses` and `gradientNorms` are taken before the update and before clipping."""
    parameters = initial_parameters(dtype)
    optimizers = make_optimizers(kind, parameters)
    losses, norms, first_gradients = [], [], {}
    for step in range(NUM_STEPS):
        for p in parameters.values():
            p.grad = None
        loss = mean_loss(parameters, *batch(step))
        loss.backward()
        if step == 0:
            first_gradients = {name: p.grad.clone() for name, p in parameters.items()}
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), MAX_GRADIENT_NORM, foreach=False)
        for optimizer in optimizers:
            optimizer.step()
        losses.append(loss.item())
        norms.append(norm.item())
    return {
        "losses": losses,
        "gradientNorms": norms,
        "gradients": first_gradients,
        "parameters": {name: p.detach() for name, p in parameters.items()},
    }


def base64_float32(tensor):
    return base64.b64encode(tensor.numpy().astype("<f4").tobytes()).decode("ascii")


def golden_json(kind):
    """The text of one golden file; parameters stand in the order that numbers them."""
    result = train(kind)
    document = {
        "generator": "tests/golden/generate.py",
        "torch": torch.__version__.split("+")[0],
        "losses": result["losses"],
        "gradientNorms": result["gradientNorms"],
        "gradients": {name: base64_float32(g) for name, g in result["gradients"].items()},
        "parameters": {name: base64_float32(p) for name, p in result["parameters"].items()},
    }
    return json.dumps(document, indent=2) + "\n"


def golden_path(kind):
    return Path(__file__).with_name(f"{kind}.json")


torch.use_deterministic_algorithms(True)
torch.set_num_threads(1)

if __name__ == "__main__":
    for kind in ("adamw", "muon"):
        text = golden_json(kind)
        golden_path(kind).write_text(text, encoding="utf-8")
        print(f"{kind}.json: {len(text)} bytes, losses {json.loads(text)['losses']}")
