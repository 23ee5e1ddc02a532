"""Runs the rows of the GPU benchmark in turns and writes one JSON object with everything.

    python run.py [--models gpt2,nanochat-2025] [--rows REGEX] [--rounds 3] [--minutes M] [--json FILE]

Every turn is a process of its own, so that memory and faults of one row are none of the next; rounds go
through the rows forth and back. The file is written anew after each turn: what was measured is kept when the time
is up. Needs numpy; JAX and PyTorch each in the Python that runs their rows.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--models", help="some of the models, separated by commas (default: all)")
    parser.add_argument("--rows", default="", help="only rows whose name matches this regular expression")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bursts", type=int, default=4, help="bursts of a turn")
    parser.add_argument("--steps", type=int, default=5, help="steps of a burst")
    parser.add_argument(
        "--check-steps", type=int, default=10, help="first steps of a turn, whose losses are compared"
    )
    parser.add_argument(
        "--micro",
        help="micro-batch sizes to try, in this order, such as 32,16 (default: the largest that fits)",
    )
    parser.add_argument(
        "--newton-schulz", choices=("float32", "bfloat16"), help="of PyTorch's Muon (default: as in ours)"
    )
    parser.add_argument("--eager", action="store_true", help="PyTorch without torch.compile")
    parser.add_argument("--minutes", type=float, default=60, help="begin no turn after so many minutes")
    parser.add_argument("--timeout", type=float, default=600, help="the longest time of one turn, in seconds")
    parser.add_argument("--jax-python", default=sys.executable)
    parser.add_argument("--torch-python", default=sys.executable)
    parser.add_argument(
        "--session", help="a command, as a JSON list, that measures the session of our engine"
    )
    parser.add_argument("--json", type=Path, default=Path("gpu.json"))
    return parser.parse_args()


def command_of(row: dict, model: str, given: argparse.Namespace) -> list[str] | None:
    """The command of a turn; None where it cannot be run because nothing was given to run it with."""
    if row["runner"] == "session":
        if given.session is None:
            return None
        start = json.loads(given.session)
    else:
        python = given.torch_python if row["runner"] == "torch" else given.jax_python
        start = [python, str(HERE / row["script"])]
    flags = [
        "--task",
        str(HERE),
        "--model",
        model,
        "--device",
        given.device,
        "--check-steps",
        str(given.check_steps),
    ]
    flags += ["--bursts", str(given.bursts), "--steps", str(given.steps), *row["flags"]]
    if given.micro is not None:
        flags += ["--micro", given.micro]
    if row["runner"] == "torch":
        flags += ["--eager"] if given.eager else []
        flags += [] if given.newton_schulz is None else ["--newton-schulz", given.newton_schulz]
    return [*start, *flags]


def environment(row: dict, device: str) -> dict[str, str]:
    """Compiled code is kept between the turns, so that only the first one of a row pays for it."""
    kept = HERE / "compiled"
    own = dict(row["environment"])
    if "XLA_FLAGS" in own and "XLA_FLAGS" in os.environ:
        own["XLA_FLAGS"] = f"{os.environ['XLA_FLAGS']} {own['XLA_FLAGS']}"
    return {
        "JAX_COMPILATION_CACHE_DIR": str(kept / "jax"),
        "TORCHINDUCTOR_CACHE_DIR": str(kept / "torch"),
        # One row runs at a time and may have nearly all of the device.
        "XLA_PYTHON_CLIENT_MEM_FRACTION": "0.94",
        "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
        "PYTHONUNBUFFERED": "1",
        **({"JAX_PLATFORMS": "cpu"} if device == "cpu" else {}),
        **os.environ,
        **own,
    }


def telling_line(log: str) -> str:
    """The line of a log that says most about why a process ended."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"error|memory|exception|expected", line, re.IGNORECASE)]
    return (telling or lines or ["nothing was printed"])[-1][:300]


def turn(command: list[str], surroundings: dict[str, str], timeout: float) -> dict:
    """Runs one turn: its result, or {"unavailable": …} or {"failed": …} with the reason."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, env=surroundings, check=False
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"took longer than {timeout:.0f} s"}
    except OSError as error:
        return {"unavailable": f"cannot be started: {error}"}
    try:
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        missing = re.search(r"ModuleNotFoundError: (No module named '(jax|torch)\S*)", done.stderr)
        if missing:
            return {"unavailable": f"{missing[1]} in {command[0]}"}
        return {"failed": f"exit code {done.returncode}: {telling_line(done.stderr)}"}


def described(result: dict, model: dict) -> str:
    for fault in ("unavailable", "failed"):
        if fault in result:
            return f"{fault}: {result[fault]}"
    seconds = statistics.median(result["burstMs"]) / 1e3
    compiled = (result["compileMs"] or 0) + result["firstStepMs"]
    return (
        f"{1e3 * seconds:.1f} ms/step, {model['tokensPerStep'] / seconds:,.0f} tokens/s, "
        f"{model['flopPerToken'] * model['tokensPerStep'] / seconds / 1e12:.1f} TFLOP/s, "
        f"peak {(result['peakBytes'] or 0) / 1e9:.2f} GB, micro-batches of {result['microBatchSize']}, "
        f"compiled in {compiled / 1e3:.0f} s, loss {result['losses'][0]:.4f} to {result['losses'][-1]:.4f}, "
        f"gradient norm {result['gradientNorms'][-1]:.4f}"
    )


def label_of(row: dict, is_eager: bool) -> str:
    return row["label"].replace("compiled", "eager") if is_eager else row["label"]


def driver() -> str | None:
    try:
        query = [
            "nvidia-smi",
            "--query-gpu=name,driver_version,power.limit,clocks.max.sm",
            "--format=csv,noheader",
        ]
        return subprocess.run(query, capture_output=True, text=True, timeout=30, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def main() -> None:
    given = arguments()
    task = json.loads((HERE / "task.json").read_text(encoding="utf-8"))
    wanted = None if given.models is None else given.models.split(",")
    models = [model for model in task["models"] if wanted is None or model["id"] in wanted]
    rows = [row for row in task["rows"] if re.search(given.rows, row["id"])]
    if not models or not rows:
        known = ", ".join(one["id"] for one in [*task["models"], *task["rows"]])
        sys.exit(f"nothing to run: models or rows match none of {known}")
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in vars(given).items()}
    record = {
        "benchmark": "gpu",
        "format": 1,
        "device": given.device,
        "driver": driver(),
        "platform": platform.platform(),
        "settings": settings,
        "models": [{k: v for k, v in model.items() if k in task["recorded"]} for model in models],
        "rows": [{"id": row["id"], "label": label_of(row, given.eager)} for row in rows],
        "turns": [],
        "isComplete": False,
    }  # fmt: skip
    start = time.perf_counter()
    for model in models:
        out_of_play: set[str] = set()
        for number in range(given.rounds):
            for row in rows if number % 2 == 0 else reversed(rows):
                if row["id"] in out_of_play or (row["isOnce"] and number > 0):
                    continue
                if time.perf_counter() - start > 60 * given.minutes:
                    continue
                command = command_of(row, model["id"], given)
                if command is None:
                    result = {"unavailable": "needs Node: run it as npm run bench -- gpu"}
                else:
                    command += [] if number == 0 else ["--no-check"]
                    result = turn(command, environment(row, given.device), given.timeout)
                if "burstMs" not in result:
                    out_of_play.add(row["id"])
                record["turns"].append(
                    {"model": model["id"], "row": row["id"], "round": number, "result": result}
                )
                print(
                    f"{model['id']}, {row['id']}, round {number + 1}: {described(result, model)}",
                    file=sys.stderr,
                )
                given.json.write_text(json.dumps(record), encoding="utf-8")
    record["isComplete"] = time.perf_counter() - start <= 60 * given.minutes
    given.json.write_text(json.dumps(record), encoding="utf-8")
    print(json.dumps(record))


if __name__ == "__main__":
    main()
