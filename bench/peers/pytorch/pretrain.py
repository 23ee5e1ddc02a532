"""Trains a task of `npm run bench -- pretrain` with PyTorch: the same model, weights, batches, optimizer and schedule.

    python pretrain.py TASK_FOLDER THREADS eager|compiled

Prints one line of JSON when it is ready and one with the result.
Axis names: B batch, T time, D model width, H heads, G key/value groups, K head width, V vocabulary.
"""

import json
import math
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent))
from peer import keep_freed_memory  # noqa: E402


def make_losses(settings: dict, parameters: dict):
    """Returns losses(tokens_BT, targets_BT), the cross-entropy of every position in nats."""
    expected = {
        "mlp": "swiglu", "norm": "rmsNorm", "hasNormGains": True, "positions": "rotary", "qkNorm": "beforeRotary",
        "hasBiases": False, "windowPattern": "L", "hasValueEmbeddings": False, "hasParallelBlocks": False,
        "hasResidualScales": False, "hasInputScales": False, "hasEmbeddingNorm": False, "qkScale": 1,
    }
    for option, value in expected.items():
        if settings[option] != value:
            sys.exit(f"this peer trains the layout of Qwen 3 only: {option} is {settings[option]}, expected {value}")
    K, epsilon = settings["headWidth"], settings["normEpsilon"]
    frequencies = settings["rotaryBase"] ** (-2.0 * torch.arange(K // 2) / K)
    angles = torch.arange(settings["contextLength"])[:, None] * frequencies
    cos_TK, sin_TK = angles.cos(), angles.sin()
    head = "embedding" if settings["isHeadTied"] else "head"
    is_grouped = settings["numGroups"] != settings["numHeads"]
    softcap = settings["logitSoftcap"]
    scaling = settings["scaling"]
    multiplier = 1.0
    if scaling is not None:
        if scaling["baseHeadWidth"] not in (None, K):
            sys.exit("this peer scales attention scores by 1/sqrt(K) only: baseHeadWidth is another width")
        multiplier = scaling["baseWidth"] / settings["width"]

    def norm(x, name):
        return F.rms_norm(x, (x.shape[-1],), parameters[f"{name}.gain"], epsilon)

    def rotate(x_BHTK):
        time_steps = x_BHTK.shape[2]
        cos, sin = cos_TK[:time_steps], sin_TK[:time_steps]
        first, second = x_BHTK.chunk(2, -1)
        return torch.cat((first * cos - second * sin, second * cos + first * sin), -1)

    def heads(x_BTD, name):
        return F.linear(x_BTD, parameters[name]).unflatten(-1, (-1, K)).transpose(1, 2)

    def losses(tokens_BT, targets_BT):
        x_BTD = F.embedding(tokens_BT, parameters["embedding"])
        for layer in range(settings["numLayers"]):
            attention, mlp = f"blocks.{layer}.attention", f"blocks.{layer}.mlp"
            h_BTD = norm(x_BTD, f"{attention}.norm")
            q_BHTK = rotate(norm(heads(h_BTD, f"{attention}.query"), f"{attention}.queryNorm"))
            k_BGTK = rotate(norm(heads(h_BTD, f"{attention}.key"), f"{attention}.keyNorm"))
            v_BGTK = heads(h_BTD, f"{attention}.value")
            o_BHTK = F.scaled_dot_product_attention(q_BHTK, k_BGTK, v_BGTK, is_causal=True, enable_gqa=is_grouped)
            x_BTD = x_BTD + F.linear(o_BHTK.transpose(1, 2).flatten(-2), parameters[f"{attention}.output"])
            h_BTD = norm(x_BTD, f"{mlp}.norm")
            gate = F.silu(F.linear(h_BTD, parameters[f"{mlp}.gate"]))
            x_BTD = x_BTD + F.linear(gate * F.linear(h_BTD, parameters[f"{mlp}.up"]), parameters[f"{mlp}.down"])
        logits_BTV = F.linear(norm(x_BTD, "norm") * multiplier, parameters[head])
        if softcap is not None:
            logits_BTV = softcap * torch.tanh(logits_BTV / softcap)
        return F.cross_entropy(logits_BTV.flatten(0, 1), targets_BT.flatten(), reduction="none")

    return losses


def newton_schulz(x, num_iterations: int):
    """The quintic iteration of Muon in float32, on the orientation with fewer rows."""
    a, b, c = 3.4445, -4.7750, 2.0315
    is_tall = x.shape[0] > x.shape[1]
    X = x.mT if is_tall else x
    X = X / (X.norm() + 1e-7)
    for _ in range(num_iterations):
        A = X @ X.mT
        X = torch.addmm(X, torch.addmm(A, A, A, beta=b, alpha=c), X, beta=a)
    return X.mT if is_tall else X


class Muon:
    def __init__(self, entries: list, group: dict):
        self.entries = entries  # (parameter, learning rate, weight decay)
        self.group = group
        self.moments = [torch.zeros_like(parameter) for parameter, _, _ in entries]

    @torch.no_grad()
    def step(self, factor: float) -> None:
        momentum = self.group["momentum"]
        for (parameter, learning_rate, weight_decay), moment in zip(self.entries, self.moments):
            gradient = parameter.grad
            moment.mul_(momentum).add_(gradient)
            direction = newton_schulz(gradient.add(moment, alpha=momentum), self.group["numIterations"])
            rate = factor * learning_rate
            if weight_decay:
                parameter.mul_(1 - rate * weight_decay)
            rows, columns = parameter.shape
            parameter.add_(direction, alpha=-rate * math.sqrt(max(1, rows / columns)))


class AdamW:
    def __init__(self, entries: list, group: dict):
        self.rates = [learning_rate for _, learning_rate, _ in entries]
        self.inner = torch.optim.AdamW(
            [{"params": [p], "lr": rate, "weight_decay": decay} for p, rate, decay in entries],
            betas=(group["beta1"], group["beta2"]),
            eps=group["epsilon"],
            fused=True,
        )

    def step(self, factor: float) -> None:
        for group, rate in zip(self.inner.param_groups, self.rates):
            group["lr"] = factor * rate
        self.inner.step()


def main(folder: Path, threads: int, mode: str) -> None:
    task = json.loads((folder / "task.json").read_text())
    files = task["files"]

    def read(name: str, dtype):
        return torch.from_numpy(np.fromfile(folder / files[name], dtype=dtype))

    keep_freed_memory()
    torch.set_num_threads(threads)
    start = time.perf_counter()
    rows, T = task["batchSize"], task["size"]["contextLength"]
    flat = read("parameters", np.float32)
    parameters = {}
    groups = [[] for _ in task["optimizer"]["groups"]]
    for entry in task["parameters"]:
        size = math.prod(entry["shape"])
        values = flat[entry["offset"] : entry["offset"] + size].view(entry["shape"]).clone().requires_grad_()
        parameters[entry["name"]] = values
        groups[entry["group"]].append((values, entry["learningRate"], entry["weightDecay"]))
    kinds = {"adamw": AdamW, "muon": Muon}
    optimizers = [
        kinds[group["algorithm"]](entries, group)
        for entries, group in zip(groups, task["optimizer"]["groups"])
        if entries
    ]
    clip = task["optimizer"]["clipNorm"]
    losses_of = make_losses(task["settings"], parameters)

    def mean_loss(tokens, targets):
        return losses_of(tokens, targets).mean()

    loss_of = torch.compile(mean_loss, dynamic=False) if mode == "compiled" else mean_loss
    tokens = read("tokens", np.int32).long().view(-1, rows, T)
    targets = read("targets", np.int32).long().view(-1, rows, T)
    print(json.dumps({"ready": True, "loadMs": 1e3 * (time.perf_counter() - start)}), flush=True)

    losses, step_ms = [], []
    for step, factor in enumerate(task["scheduleFactors"]):
        start = time.perf_counter()
        for parameter in parameters.values():
            parameter.grad = None
        loss = loss_of(tokens[step], targets[step])
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(parameters.values(), clip)
        for optimizer in optimizers:
            optimizer.step(factor)
        losses.append(loss.item())
        step_ms.append(1e3 * (time.perf_counter() - start))

    validation = task["validation"]
    shape = (validation["numBatches"], validation["batchSize"], T)
    validation_tokens = read("validationTokens", np.int32).long().view(shape)
    validation_targets = read("validationTargets", np.int32).long().view(shape)
    weights = read("validationWeights", np.float32).view(shape).double()
    nats = 0.0
    with torch.no_grad():
        for batch in range(validation["numBatches"]):
            found = losses_of(validation_tokens[batch], validation_targets[batch]).double()
            nats += (found * weights[batch].flatten()).sum().item()
    bits_per_byte = nats / (math.log(2) * validation["numBytes"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        json.dumps({"losses": losses, "stepMs": step_ms, "bitsPerByte": bits_per_byte, "peakBytes": peak}), flush=True
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
