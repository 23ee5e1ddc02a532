"""The PyTorch peer: eager or compiled, float32 or bfloat16 autocast over float32 masters.

    python peer.py --spec PATH.json --threads N [--mode eager|compiled] [--precision float32|bfloat16]

Axis names: B batch, T time, D model width, H heads, K head width, V vocabulary.
"""

import ctypes
import sys
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from protocol import Model, Peer, read_task, serve  # noqa: E402

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h


def keep_freed_memory() -> None:
    """Lets glibc reuse freed memory, as PyTorch's tuning guide advises (it preloads jemalloc or tcmalloc to that end).

    By default glibc maps every large activation afresh and gives it back at once, and each step pays the page faults.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, 2**30)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def make_loss(model: Model, parameters: dict):
    """Returns loss(inputs_BT, targets_BT), the mean cross-entropy."""
    import torch
    import torch.nn.functional as F

    num_heads, head_width = model.numHeads, model.width // model.numHeads
    frequencies = 10000.0 ** (-2.0 * torch.arange(head_width // 2) / head_width)
    angles = torch.arange(model.contextLength)[:, None] * frequencies
    cos_TK, sin_TK = angles.cos()[:, None], angles.sin()[:, None]

    def norm(x):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6)

    def rotate(x_BTHK):
        first, second = x_BTHK.chunk(2, -1)
        return torch.cat((first * cos_TK - second * sin_TK, second * cos_TK + first * sin_TK), -1)

    def linear(x, name: str):
        return F.linear(x, parameters[name])

    def heads(h_BTD, name: str):
        return linear(h_BTD, name).unflatten(-1, (num_heads, head_width))

    def loss(inputs_BT, targets_BT):
        x_BTD = F.embedding(inputs_BT, parameters["embedding"])
        for layer in range(model.numLayers):
            attention, mlp = f"blocks.{layer}.attention", f"blocks.{layer}.mlp"
            h_BTD = norm(x_BTD)
            q_BHTK = rotate(norm(heads(h_BTD, f"{attention}.query"))).transpose(1, 2)
            k_BHTK = rotate(norm(heads(h_BTD, f"{attention}.key"))).transpose(1, 2)
            v_BHTK = heads(h_BTD, f"{attention}.value").transpose(1, 2)
            mixed_BHTK = F.scaled_dot_product_attention(q_BHTK, k_BHTK, v_BHTK, is_causal=True)
            x_BTD = x_BTD + linear(mixed_BHTK.transpose(1, 2).flatten(-2), f"{attention}.output")
            hidden = F.relu(linear(norm(x_BTD), f"{mlp}.up"))
            x_BTD = x_BTD + linear(hidden * hidden, f"{mlp}.down")
        logits_BTV = linear(norm(x_BTD), "head")
        return F.cross_entropy(logits_BTV.flatten(0, 1), targets_BT.flatten())

    return loss


def load(arguments: Namespace) -> Peer:
    task = read_task(arguments.spec)
    keep_freed_memory()
    import torch

    torch.set_num_threads(arguments.threads)
    parameters = {name: torch.tensor(value).requires_grad_() for name, value in task.parameters.items()}
    tokens_NBT = torch.from_numpy(task.tokens).long()
    loss_of = make_loss(task.model, parameters)
    if arguments.mode == "compiled":
        loss_of = torch.compile(loss_of, dynamic=False)
    settings = task.optimizer
    optimizer = torch.optim.AdamW(
        parameters.values(),
        lr=settings.learningRate,
        betas=(settings.beta1, settings.beta2),
        eps=settings.epsilon,
        weight_decay=settings.weightDecay,
        fused=True,
    )
    is_bfloat16 = arguments.precision == "bfloat16"

    def step(k: int) -> float:
        tokens_BT = tokens_NBT[k % len(tokens_NBT)]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_bfloat16):
            loss = loss_of(tokens_BT[:, :-1], tokens_BT[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return Peer({"torch": torch.__version__, "python": sys.version.split()[0]}, step)


if __name__ == "__main__":
    serve(load, {"mode": ("eager", "compiled"), "precision": ("float32", "bfloat16")})
