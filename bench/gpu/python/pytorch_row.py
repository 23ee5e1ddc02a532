"""The row of PyTorch: the same model, compiled, bfloat16 over float32 masters, fused AdamW, stacked Muon.

    python pytorch_row.py --task FOLDER --model gpt2 --attention cudnn

Weights are cast where they are used, the residual stream is in bfloat16, norms and loss compute in float32:
what autocast does, less its float32 residual stream.
Axis names: B batch, T time, D model width, H heads, K head width, V vocabulary.
"""

import argparse
import math
import sys
from collections.abc import Callable

import torch
import torch.nn.functional as F

from task import (
    OutOfMemory,
    Row,
    Unavailable,
    batches,
    first_values,
    peak_resident_bytes,
    run_row,
)

Parameters = dict[str, torch.Tensor]

FIXED = {
    "windowPattern": "L", "hasValueEmbeddings": False, "hasParallelBlocks": False, "hasResidualScales": False,
    "hasInputScales": False, "qkScale": 1, "scaling": None,
}  # fmt: skip
ACTIVATIONS: dict[str, Callable] = {
    "geluTanh": lambda x: F.gelu(x, approximate="tanh"),
    "reluSquared": lambda x: F.relu(x).square(),
}


def make_loss(settings: dict, parameters: Parameters, precision: str, is_joined: bool) -> Callable:
    """Returns loss(tokens_BT, targets_BT), the sum of the cross-entropies.

    `is_joined`: query, key and value are one matrix.
    """
    for option, value in FIXED.items():
        if settings[option] != value:
            raise Unavailable(f"this row does not have {option} = {settings[option]}")
    if settings["qkNorm"] == "beforeRotary":
        raise Unavailable("this row has norms of queries and keys after their rotation only")
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    K, T, epsilon = settings["headWidth"], settings["contextLength"], settings["normEpsilon"]
    activation = ACTIVATIONS[settings["mlp"]]
    device = parameters["embedding"].device
    frequencies = settings["rotaryBase"] ** (-2.0 * torch.arange(K // 2, device=device) / K)
    angles_TK = torch.arange(T, device=device)[:, None] * frequencies
    cos_TK, sin_TK = angles_TK.cos().to(dtype), angles_TK.sin().to(dtype)
    head = "embedding" if settings["isHeadTied"] else "head"
    softcap = settings["logitSoftcap"]
    biased = settings["hasBiases"]

    def norm(x, name: str):
        gain = parameters.get(f"{name}.gain")
        if settings["norm"] == "layerNorm":
            return F.layer_norm(x.float(), x.shape[-1:], gain, parameters.get(f"{name}.bias"), epsilon).to(
                dtype
            )
        return F.rms_norm(x.float(), x.shape[-1:], gain, epsilon).to(dtype)

    def linear(x, name: str):
        return F.linear(
            x, parameters[name].to(dtype), parameters[f"{name}.bias"].to(dtype) if biased else None
        )

    def place(x_BHTK):
        if settings["positions"] == "rotary":
            first, second = x_BHTK.chunk(2, -1)
            x_BHTK = torch.cat((first * cos_TK - second * sin_TK, second * cos_TK + first * sin_TK), -1)
        return norm(x_BHTK, "") if settings["qkNorm"] == "afterRotary" else x_BHTK

    def heads(h_BTX):
        return h_BTX.unflatten(-1, (-1, K)).transpose(1, 2)

    def attention(h_BTD, name: str):
        if is_joined:
            parts = linear(h_BTD, f"{name}.joined").chunk(3, -1)
        else:
            parts = [linear(h_BTD, f"{name}.{part}") for part in ("query", "key", "value")]
        q_BHTK, k_BHTK, v_BHTK = (heads(part) for part in parts)
        o_BHTK = F.scaled_dot_product_attention(place(q_BHTK), place(k_BHTK), v_BHTK, is_causal=True)
        return linear(o_BHTK.transpose(1, 2).flatten(-2), f"{name}.output")

    def loss(tokens_BT, targets_BT):
        x_BTD = F.embedding(tokens_BT, parameters["embedding"]).to(dtype)
        if settings["positions"] == "learned":
            x_BTD = x_BTD + parameters["positions"].to(dtype)
        if settings["hasEmbeddingNorm"]:
            x_BTD = norm(x_BTD, "")
        for layer in range(settings["numLayers"]):
            name = f"blocks.{layer}"
            x_BTD = x_BTD + attention(norm(x_BTD, f"{name}.attention.norm"), f"{name}.attention")
            hidden_BTF = activation(linear(norm(x_BTD, f"{name}.mlp.norm"), f"{name}.mlp.up"))
            x_BTD = x_BTD + linear(hidden_BTF, f"{name}.mlp.down")
        logits_BTV = F.linear(norm(x_BTD, "norm"), parameters[head].to(dtype)).float()
        if softcap is not None:
            logits_BTV = softcap * torch.tanh(logits_BTV / softcap)
        return F.cross_entropy(logits_BTV.flatten(0, 1), targets_BT.flatten(), reduction="sum")

    return loss


def newton_schulz(x: torch.Tensor, num_iterations: int) -> torch.Tensor:
    """The quintic iteration of Muon on a stack of matrices, in their orientation with fewer rows."""
    a, b, c = 3.4445, -4.7750, 2.0315
    is_tall = x.shape[-2] > x.shape[-1]
    X = x.mT if is_tall else x
    X = X / (X.float().square().sum((-2, -1), keepdim=True).sqrt() + 1e-7).to(X.dtype)
    for _ in range(num_iterations):
        A = X @ X.mT
        X = torch.baddbmm(X, torch.baddbmm(A, A, A, beta=b, alpha=c), X, beta=a)
    return X.mT if is_tall else X


class Muon:
    """Muon for matrices of one shape, which are updated in one stack."""

    def __init__(
        self, parameters: list[torch.Tensor], group: dict, rate: float, dtype: torch.dtype, compiler: Callable
    ):
        rows, columns = parameters[0].shape
        self.parameters = parameters
        self.change = -rate * math.sqrt(max(1, rows / columns))
        self.moment = torch.zeros(len(parameters), rows, columns, device=parameters[0].device)
        momentum, num_iterations = group["momentum"], group["numIterations"]

        def direction(gradients: list[torch.Tensor], moment: torch.Tensor) -> torch.Tensor:
            gradient = torch.stack(gradients)
            moment.mul_(momentum).add_(gradient)
            return newton_schulz(gradient.add(moment, alpha=momentum).to(dtype), num_iterations)

        self.direction = compiler(direction)

    @torch.no_grad()
    def step(self) -> None:
        direction = self.direction([parameter.grad for parameter in self.parameters], self.moment)
        torch._foreach_add_(self.parameters, list(direction.float().unbind()), alpha=self.change)


def join_projections(values: dict, num_layers: int, has_biases: bool) -> dict:
    """Query, key and value as the rows of one matrix: the same numbers, and one product in place of three."""
    joined = dict(values)
    for layer in range(num_layers):
        for suffix in ("", ".bias") if has_biases else ("",):
            names = [f"blocks.{layer}.attention.{part}{suffix}" for part in ("query", "key", "value")]
            joined[f"blocks.{layer}.attention.joined{suffix}"] = torch.cat(
                [joined.pop(name) for name in names]
            )
    return joined


def make_optimizers(
    model: dict, parameters: Parameters, factor: float, muon_dtype: torch.dtype, compiler: Callable
) -> list:
    entries = {entry["name"]: entry for entry in model["parameters"]}
    optimizers = []
    for number, group in enumerate(model["optimizer"]["groups"]):
        mine = [
            (parameter, entries[name.replace(".joined", ".query")])
            for name, parameter in parameters.items()
            if entries[name.replace(".joined", ".query")]["group"] == number
        ]
        if not mine:
            continue
        if group["algorithm"] == "adamw":
            sets = [
                {"params": [p], "lr": factor * entry["learningRate"], "weight_decay": entry["weightDecay"]}
                for p, entry in mine
            ]
            merged: dict[tuple, dict] = {}
            for one in sets:
                merged.setdefault((one["lr"], one["weight_decay"]), {**one, "params": []})["params"] += one[
                    "params"
                ]
            betas = (group["beta1"], group["beta2"])
            optimizers.append(
                torch.optim.AdamW(list(merged.values()), betas=betas, eps=group["epsilon"], fused=True)
            )
            continue
        stacks: dict[tuple, list] = {}
        for parameter, entry in mine:
            if entry["weightDecay"] != 0:
                raise Unavailable("this row has Muon without weight decay only")
            stacks.setdefault((*parameter.shape, entry["learningRate"]), []).append(parameter)
        for (*_, rate), stack in stacks.items():
            optimizers.append(Muon(stack, group, factor * rate, muon_dtype, compiler))
    return optimizers


def choose_attention(implementation: str, kind: str) -> None:
    """Which kernel scaled_dot_product_attention uses; left alone, PyTorch chooses."""
    if implementation == "default":
        return
    if implementation != "cudnn" or kind == "cpu":
        raise Unavailable(f"PyTorch on a {kind} has no attention called {implementation}")
    torch.backends.cuda.enable_cudnn_sdp(True)
    torch.backends.cuda.enable_flash_sdp(False)
    torch.backends.cuda.enable_mem_efficient_sdp(False)
    torch.backends.cuda.enable_math_sdp(False)


def describe_device(kind: str) -> dict:
    if kind == "cpu":
        return {"name": "cpu", "memoryBytes": None}
    found = torch.cuda.get_device_properties(0)
    return {"name": found.name, "memoryBytes": found.total_memory}


def load(task: dict, model: dict, arguments: argparse.Namespace, micro_batch_size: int) -> Row:
    kind = arguments.device
    if kind == "gpu" and not torch.cuda.is_available():
        raise Unavailable("PyTorch finds no GPU here, expected one")
    choose_attention(arguments.attention, kind)
    device = torch.device("cuda" if kind == "gpu" else "cpu")
    is_full = model["precision"] == "float32"
    torch._dynamo.reset()
    if kind == "gpu":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    # In bfloat16 runs Newton–Schulz may use TensorFloat32, as in JAX; the check in float32 may not.
    torch.set_float32_matmul_precision("highest" if is_full else "high")

    def compiler(function: Callable) -> Callable:
        return function if arguments.eager else torch.compile(function, dynamic=False, fullgraph=True)

    settings = model["settings"]
    values = {name: torch.from_numpy(value) for name, value in first_values(model).items()}
    # Muon looks at each matrix by itself; AdamW does not mind that three are one.
    is_joined = all(group["algorithm"] == "adamw" for group in model["optimizer"]["groups"])
    if is_joined:
        values = join_projections(values, settings["numLayers"], settings["hasBiases"])
    parameters = {name: value.to(device).requires_grad_() for name, value in values.items()}
    chosen = arguments.newton_schulz or task["newtonSchulz"]
    muon_dtype = torch.bfloat16 if chosen == "bfloat16" and not is_full else torch.float32
    optimizers = make_optimizers(model, parameters, task["scheduleFactor"], muon_dtype, compiler)
    loss_of = compiler(make_loss(settings, parameters, model["precision"], is_joined))
    clip_norm = model["optimizer"]["clipNorm"] or math.inf
    num_tokens = model["batchSize"] * settings["contextLength"]

    def on_host(values):
        tensor = torch.from_numpy(values).long()
        return tensor.pin_memory() if kind == "gpu" else tensor

    served = [tuple(map(on_host, batch)) for batch in batches(model)]

    def run(number: int):
        try:
            tokens, targets = (part.to(device, non_blocking=True) for part in served[number % len(served)])
            total = torch.zeros((), device=device)
            for rows in zip(tokens.split(micro_batch_size), targets.split(micro_batch_size)):
                loss = loss_of(*rows) / num_tokens
                loss.backward()
                total += loss.detach()
            norm = torch.nn.utils.clip_grad_norm_(parameters.values(), clip_norm)
            for optimizer in optimizers:
                optimizer.step()
            for parameter in parameters.values():
                parameter.grad = None
            return total, norm
        except torch.OutOfMemoryError as error:
            raise OutOfMemory from error

    def fetch(seen) -> tuple[float, float]:
        return seen[0].item(), seen[1].item()

    def peak() -> int:
        return torch.cuda.max_memory_allocated() if kind == "gpu" else peak_resident_bytes()

    versions = {
        "torch": torch.__version__,
        "cuda": torch.version.cuda or "none",
        "python": sys.version.split()[0],
    }
    return Row(run, fetch, peak, versions, describe_device(kind))


if __name__ == "__main__":
    run_row(load)
