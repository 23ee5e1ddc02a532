"""What a run decides by, as Groundwork does: the schedule of the learning rates, and the history of its
losses.

All are pure functions, the same to the bit in both languages.
"""

from __future__ import annotations

import math
from typing import Any

# The schedule ----------------------------------------------------------------------------------------------


def schedule_factor(schedule: dict[str, Any], step: int, num_steps: int) -> float:
    """The factor on the peak learning rates in a step, in 0 … 1.

    Warm-up: (step + 1) / w over the first w steps. Then, with x the share of the decay that is over before
    this step, 1 - (1 - f) · shape(x), where f is the final factor and shape goes from 0 to 1: x, (1 - cos πx)
    / 2, or √x.
    """
    assert 0 <= step < num_steps, f"step {step} is not in 0 … {num_steps - 1}"
    kind, final_factor = schedule["kind"], schedule["finalFactor"]
    num_warmup = min(schedule["warmupSteps"], num_steps // 5)
    if step < num_warmup:
        return (step + 1) / num_warmup
    if kind == "constant":
        return 1.0
    is_flat_first = kind in ("warmupStableDecay", "warmupStableSquareRoot")
    # Rounded up, but 55.00000000000001 makes no step of its own.
    num_decay = max(0, math.ceil(schedule["decayShare"] * num_steps - 1e-6))
    decay_start = max(num_warmup, num_steps - num_decay) if is_flat_first else num_warmup
    if step < decay_start:
        return 1.0
    x = (step - decay_start) / (num_steps - decay_start)
    shape = {"cosine": _half_cosine, "warmupStableSquareRoot": math.sqrt}.get(kind, float)
    return 1 - (1 - final_factor) * shape(x)


def _half_cosine(x: float) -> float:
    """(1 - cos πx) / 2 = sin²(πx/2) by the Taylor series that Groundwork uses."""
    if x > 0.5:
        return 1 - _half_cosine(1 - x)
    angle = (math.pi / 2) * x
    square = angle * angle
    term = sine = angle
    for n in range(3, 20, 2):
        term *= -square / (n * (n - 1))
        sine += term
    return sine * sine


def factor_of_step(
    schedule: dict[str, Any], num_steps: int, rescheduling: dict[str, Any] | None, step: int
) -> float:
    """The factor in a run whose end was perhaps fixed on the way (`rescheduling` of its training state)."""
    if rescheduling is None or step < rescheduling["fromStep"]:
        return schedule_factor(schedule, step, num_steps)
    first, last = rescheduling["fromStep"], rescheduling["numSteps"]
    if schedule["kind"] in ("cosine", "linear"):
        return schedule_factor({**schedule, "warmupSteps": 0}, step - first, last - first)
    return schedule_factor({**schedule, "decayShare": rescheduling["decayShare"]}, step, last)


# The losses ------------------------------------------------------------------------------------------------

# As long as 20 steps: the noise of single batches is averaged away, a departure shows within a few dozen
# steps.
_DECAY = 0.95
# Losses before the average is taken as a beginning.
_NUM_FIRST = 5
_MOST_SKIPPED = 3

History = dict[str, Any]


def after_skipped_step(history: History) -> History:
    """The history after a step whose loss or gradient was not finite: its numbers are left out."""
    return {**history, "numSkipped": history["numSkipped"] + 1}


def after_step(history: History, loss: float) -> History:
    """The history after a step that was carried out."""
    average = _DECAY * history["average"] + (1 - _DECAY) * loss
    weight = _DECAY * history["weight"] + (1 - _DECAY)
    smoothed = average / weight
    first, best = history["first"], history["best"]
    if first is None and weight >= 1 - _DECAY**_NUM_FIRST - 1e-12:
        first = smoothed
    best = None if first is None else min(smoothed if best is None else best, smoothed)
    # Half of what had been learned since the beginning, and at least half a nat.
    is_above = first is not None and best is not None and smoothed > best + max(0.5, 0.5 * (first - best))
    return {
        "average": average,
        "weight": weight,
        "first": first,
        "best": best,
        "numStepsAbove": history["numStepsAbove"] + 1 if is_above else 0,
        "numSkipped": 0,
    }


def average_loss(history: History) -> float:
    """The loss as averaged over about the last 20 steps; NaN before the first."""
    return history["average"] / history["weight"] if history["weight"] > 0 else math.nan


def cause_to_stop(history: History, num_steps: int) -> str | None:
    """Why a run cannot go on; None where it can."""
    if history["numSkipped"] >= _MOST_SKIPPED:
        return f"{history['numSkipped']} steps in a row gave a loss or a gradient that is not finite"
    # A twentieth of the run, but 50 to 500.
    most_above = min(500, max(50, math.ceil(num_steps / 20)))
    if history["numStepsAbove"] >= most_above and history["best"] is not None:
        now, best = average_loss(history), history["best"]
        return (
            f"for {history['numStepsAbove']} steps the loss has been far above its best "
            f"({now:.3f} now, {best:.3f} at best)"
        )
    return None
