"""Generates with PyTorch and a cache of keys and values, as bench/generation/README.md describes.

    python generate.py --spec PATH.json --threads N

Axis names: T time, D model width, H heads, G groups of keys and values, K head width, V vocabulary.
"""

import argparse
import json
import struct
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F


def read_safetensors(path: Path) -> dict:
    data = bytearray(path.read_bytes())
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        values = torch.frombuffer(data, dtype=torch.float32, offset=8 + length + begin, count=(end - begin) // 4)
        tensors[name] = values.reshape(entry["shape"]).clone()
    return tensors


class Decoder:
    """The default GPT of Groundwork (the layout of Qwen 3), one text at a time."""

    def __init__(self, settings: dict, parameters: dict):
        self.settings, self.parameters = settings, parameters
        max_length, groups, width = settings["contextLength"], settings["numGroups"], settings["headWidth"]
        shape = (settings["numLayers"], 2, 1, groups, max_length, width)
        self.cache = torch.zeros(shape)
        frequencies = settings["rotaryBase"] ** (-2.0 * torch.arange(width // 2) / width)
        angles = torch.arange(max_length)[:, None] * frequencies
        self.cos, self.sin = torch.cat((angles.cos(),) * 2, -1), torch.cat((angles.sin(),) * 2, -1)

    def norm(self, x, name: str):
        return F.rms_norm(x, (x.shape[-1],), self.parameters[name], self.settings["normEpsilon"])

    def rotate(self, x, begin: int, end: int):
        first, second = x.chunk(2, -1)
        return x * self.cos[begin:end] + torch.cat((-second, first), -1) * self.sin[begin:end]

    def read(self, tokens_T, begin: int):
        """The logits [V] after tokens that stand at `begin` and behind it."""
        parameters, settings = self.parameters, self.settings
        end = begin + len(tokens_T)
        x_TD = F.embedding(tokens_T, parameters["embedding"])

        def heads(h_TD, name: str, count: int):
            return F.linear(h_TD, parameters[name]).view(1, -1, count, settings["headWidth"])

        for layer in range(settings["numLayers"]):
            attention, mlp = f"blocks.{layer}.attention", f"blocks.{layer}.mlp"
            h_TD = self.norm(x_TD, f"{attention}.norm.gain")
            q = self.norm(heads(h_TD, f"{attention}.query", settings["numHeads"]), f"{attention}.queryNorm.gain")
            k = self.norm(heads(h_TD, f"{attention}.key", settings["numGroups"]), f"{attention}.keyNorm.gain")
            v = heads(h_TD, f"{attention}.value", settings["numGroups"])
            keys, values = self.cache[layer]
            keys[:, :, begin:end] = self.rotate(k.transpose(1, 2), begin, end)
            values[:, :, begin:end] = v.transpose(1, 2)
            mixed = F.scaled_dot_product_attention(
                self.rotate(q.transpose(1, 2), begin, end),
                keys[:, :, :end],
                values[:, :, :end],
                is_causal=end - begin > 1,
                enable_gqa=settings["numGroups"] != settings["numHeads"],
            )
            x_TD = x_TD + F.linear(mixed.transpose(1, 2).reshape(end - begin, -1), parameters[f"{attention}.output"])
            h_TD = self.norm(x_TD, f"{mlp}.norm.gain")
            gate = F.silu(F.linear(h_TD, parameters[f"{mlp}.gate"]))
            x_TD = x_TD + F.linear(gate * F.linear(h_TD, parameters[f"{mlp}.up"]), parameters[f"{mlp}.down"])
        return F.linear(self.norm(x_TD[-1], "norm.gain"), parameters["embedding" if settings["isHeadTied"] else "head"])

    def generate(self, prompt: list, num_tokens: int) -> list:
        """The likeliest token, again and again."""
        tokens = []
        logits_V = self.read(torch.tensor(prompt), 0)
        for position in range(len(prompt), len(prompt) + num_tokens):
            token = logits_V.argmax().item()
            tokens.append(token)
            if len(tokens) < num_tokens:
                logits_V = self.read(torch.tensor([token]), position)
        return tokens


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--spec", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    spec = json.loads(arguments.spec.read_text())
    torch.set_num_threads(arguments.threads)
    decoder = Decoder(spec["settings"], read_safetensors(Path(spec["folder"]) / "model.safetensors"))

    def answer(value: dict) -> None:
        print(json.dumps(value), flush=True)

    answer({"ready": True, "versions": {"torch": torch.__version__, "python": sys.version.split()[0]}})
    with torch.inference_mode():
        for line in sys.stdin:
            command = json.loads(line)
            if command["command"] == "exit":
                return
            start = time.perf_counter()
            tokens = decoder.generate(spec["prompt"], command["numTokens"])
            answer({"tokens": tokens, "durationMs": 1000 * (time.perf_counter() - start)})


if __name__ == "__main__":
    main()
