"""The processes of a run: how they find each other, agree, and are asked to stop."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Callable, Mapping
from typing import TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from records import Fault

T = TypeVar("T")
E = TypeVar("E", bound=Exception)

# Reasons to stop, as processes tell each other.
SIGINT, SIGTERM, ENOUGH_STEPS = 1, 2, 3
STOPS = {SIGINT: "SIGINT", SIGTERM: "SIGTERM", ENOUGH_STEPS: "--stop-after-steps"}


class StoppedElsewhere(Exception):
    """Another process cannot go on, so this one does not either."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("another process stopped")
        self.exit_code = exit_code


def join_processes(flags: argparse.Namespace) -> None:
    """Finds the other processes of the run, where there are any."""
    environment = os.environ
    nodes = environment.get("SKYPILOT_NODE_IPS", "").split()
    if flags.coordinator is not None:
        known = {
            "coordinator_address": flags.coordinator,
            "num_processes": flags.num_processes,
            "process_id": flags.process_id,
        }
    elif len(nodes) > 1:
        rank = int(environment["SKYPILOT_NODE_RANK"])
        known = {"coordinator_address": f"{nodes[0]}:8476", "num_processes": len(nodes), "process_id": rank}
    elif _is_one_of_many(environment):
        known = {}
    else:
        return
    # What processes on processors talk through; others have their own ways.
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(**known)


def _is_one_of_many(environment: Mapping[str, str]) -> bool:
    """Whether a scheduler that JAX knows started several processes."""
    numbers = (environment.get(name, "1") for name in ("SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE"))
    is_pod = "," in environment.get("TPU_WORKER_HOSTNAMES", "")
    is_job = "KUBERNETES_SERVICE_HOST" in environment and "JOB_COMPLETION_INDEX" in environment
    return is_pod or is_job or any(number.isdigit() and int(number) > 1 for number in numbers)


def is_first() -> bool:
    """Whether this is the process that writes and speaks for all."""
    return jax.process_index() == 0


def agreed(*values: int) -> list[int]:
    """The largest of what the processes say, place by place: the same on all of them."""
    if jax.process_count() == 1:
        return list(values)
    said = multihost_utils.process_allgather(np.array(values, np.int32))
    return np.asarray(said).reshape(-1, len(values)).max(axis=0).tolist()


def together(work: Callable[[], T]) -> T:
    """Works on every process at once; where one cannot go on, none does, and each knows the exit code."""
    fault: Exception | None = None
    result = None
    try:
        result = work()
    except jax.errors.JaxRuntimeError:
        # The processes may not reach each other any more: asking them could take for ever.
        raise
    except Exception as caught:  # whatever it is, the others must not wait
        fault = caught
    [worst] = agreed(exit_code_of(fault))
    if fault:
        raise shared(fault)
    if worst:
        raise StoppedElsewhere(worst)
    return result  # type: ignore[return-value]


def exit_code_of(fault: Exception | None) -> int:
    return 0 if fault is None else fault.exit_code if isinstance(fault, Fault) else 1


def shared(fault: E) -> E:
    """A fault that every process knows of."""
    fault.is_shared = True  # type: ignore[attr-defined]
    return fault


def say(text: str) -> None:
    if is_first():
        print(text, flush=True)


class Signals:
    """What asks the run to stop. A second SIGINT ends the process at once; its last checkpoint is whole."""

    def __init__(self) -> None:
        self.stop = 0
        signal.signal(signal.SIGINT, self._note)
        signal.signal(signal.SIGTERM, self._note)

    def _note(self, number: int, _: object) -> None:
        if number == signal.SIGINT:
            self.stop = SIGINT
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        else:
            self.stop = SIGTERM
