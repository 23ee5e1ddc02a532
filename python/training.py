"""A run on its way: the loop of Groundwork over compiled steps, with its books, checkpoints and reasons to
stop.
"""

from __future__ import annotations

import math
import time
from collections import deque
from pathlib import Path
from typing import NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from bundle import Bundle, Evaluator, Feed, Record
from checkpoints import (
    NewestCheckpoint,
    Shapes,
    checkpoint_arrays,
    file_order,
    newest_checkpoint,
    publish_checkpoint,
    retain_checkpoints,
    set_aside,
    sweep_unfinished,
    training_state,
)
from diagnosis import statistics_of, write_diagnosis
from processes import (
    ENOUGH_STEPS,
    STOPS,
    Signals,
    StoppedElsewhere,
    agreed,
    exit_code_of,
    is_first,
    say,
    shared,
    together,
)
from progress import (
    after_skipped_step,
    after_step,
    average_loss,
    cause_to_stop,
    factor_of_step,
)
from records import Fault
from run_books import RunBooks, Seen, engine_facts
from run_lock import RunLock
from sharding import Gatherer, element_shapes, elements, load_state, replicated

# Time that may be missing from the books of a run that was stopped: less is not worth a checkpoint.
NEGLIGIBLE_MS = 1000
FINGERPRINTS = ("program", "tokenizer", "batches")


class Training:
    """A run on its way: batch, step, event; now and then an evaluation and a checkpoint.

    All processes take the same decisions at the same steps; the first one writes.
    """

    def __init__(
        self,
        bundle: Bundle,
        mesh: Mesh,
        compiled: jax.stages.Compiled,
        evaluator: Evaluator | None,
        signals: Signals,
        start: float,
        lock: RunLock | None,
    ) -> None:
        self.bundle, self.mesh, self.compiled, self.evaluator = bundle, mesh, compiled, evaluator
        self.signals = signals
        self.books = RunBooks(bundle.run, lock)
        self.start = start
        self.gatherer = Gatherer(bundle.step, mesh)
        self.all_finite = jax.jit(_all_finite, out_shardings=replicated(mesh))
        self.parameters = element_shapes(bundle.step, lambda kind: kind == "parameter")
        self.optimizer = element_shapes(bundle.step, lambda kind: kind != "parameter")
        # Until it is known from which checkpoint the run goes on.
        self.step = 0
        self.stop = 0
        self.is_late = False
        self.last_steps: deque[tuple[int, float, float]] = deque(maxlen=5)
        self.said = 0.0
        self.feed_fault: Exception | None = None
        # Of the process that lacks the rows of the next step.
        self.feed_exit_code = 0

    # Beginning

    def begin(self) -> None:
        """Goes on from the newest sound checkpoint of the run."""
        bundle = self.bundle
        shapes = {**self.parameters, **self.optimizer}
        rejected: list[tuple[int, str]] = []

        def choose() -> int:
            if not is_first():
                return -1
            record = self.books.read()
            sweep_unfinished(bundle.run)
            step, later = sound_checkpoint(bundle, record, shapes)
            rejected.extend(later)
            return step

        [self.step] = agreed(together(choose))
        self.first_step = self.step
        self.state = load_state(bundle.step, self.mesh, together(lambda: arrays_of(bundle.run, self.step)))
        self.training = together(lambda: training_state(bundle.run, self.step))
        self.origin = self.start - self.training["pace"]["elapsedMs"] / 1000
        self.saved_step = self.step if self.step > 0 else None
        self.saved_at = time.monotonic()
        seen = together(lambda: self._open_books(rejected) if is_first() else Seen(self.step))
        self.final = seen.final
        is_done, has_final = agreed(int(seen.is_evaluated), int(seen.final is not None))
        self.is_evaluated, self.has_final = is_done > 0, has_final > 0

    def _open_books(self, rejected: list[tuple[int, str]]) -> Seen:
        """Lets the log and `run.json` say that the run goes on."""
        names = set_aside(self.bundle.run, [step for step, _ in rejected])
        seen = self.books.open_log(self.step)
        if seen.is_empty:
            self.books.tell({"type": "started"})
        elif seen.has_begun:
            self.books.tell({"type": "resumed", "step": self.step})
        for (step, fault), name in zip(rejected, names, strict=True):
            self.books.warn(
                self.step,
                f"the checkpoint of step {step} cannot be used, so the run goes on from step {self.step}, "
                f"and it was set aside as {name}: {fault}",
            )
        for path in self.bundle.edited:
            self.books.warn(
                self.step,
                f"goes on with another {path}, as allowed: it was changed after the bundle was written",
            )
        record = self.books.record
        failure = record["failure"]
        if failure is not None and failure["code"] == "diverged":
            before = failure["message"]
            self.books.warn(
                self.step,
                f"goes on although it stopped by itself, and may stop again for the same reason: {before}",
            )
        facts = engine_facts(self.mesh)
        if seen.has_begun and record["engine"] != facts:
            self.books.warn(
                self.step,
                "the engine or its devices are others than before: losses may differ in their last digits",
            )
        self.books.update(engine=facts, status="running", failure=None)
        return seen

    # Training

    def train(self, stop_after: int | None) -> None:
        """Trains to the end. Raises `interrupted` after a checkpoint, `diverged` after a diagnosis."""
        num_steps = self.num_steps()
        feed = Feed(self.bundle, self.mesh, self.step, self.factor, num_steps)
        try:
            if self.step > 0:
                self.pause(num_steps)
            inputs = together(feed.take) if self.step < num_steps else {}
            while self.step < num_steps:
                self.stop_where_asked()
                self.end_where_one_lacks_rows()
                before = time.monotonic()
                self.state, outputs = self.compiled(self.state, inputs)
                if stop_after is not None and self.step + 1 - self.first_step >= stop_after:
                    self.signals.stop = self.signals.stop or ENOUGH_STEPS
                # Behind the step on the devices, so that reading and asking take no time of their own.
                if self.step + 1 < num_steps:
                    inputs = self.next_inputs(feed)
                self.ask()
                loss, norm, is_applied = (
                    float(outputs[name]) for name in ("loss", "gradientNorm", "isApplied")
                )
                self.account(loss, norm, is_applied != 0, (time.monotonic() - before) * 1000)
                self.pause(num_steps)
        finally:
            feed.close()
        self.finish()

    def num_steps(self) -> int:
        fixed = self.training["rescheduling"]
        return self.bundle.manifest["numSteps"] if fixed is None else fixed["numSteps"]

    def factor(self, step: int) -> float:
        manifest = self.bundle.manifest
        return factor_of_step(manifest["schedule"], manifest["numSteps"], self.training["rescheduling"], step)

    def next_inputs(self, feed: Feed) -> dict[str, jax.Array]:
        """The inputs of the step to come. Where this process has none, all are to end after this one."""
        try:
            return feed.take()
        except Exception as fault:  # whatever it is, the others must not wait
            self.feed_fault = fault
            return {}

    def end_where_one_lacks_rows(self) -> None:
        if self.feed_fault is not None:
            raise shared(self.feed_fault)
        if self.feed_exit_code > 0:
            raise StoppedElsewhere(self.feed_exit_code)

    def ask(self) -> bool:
        """Lets the processes agree on whether to stop, and whether it is time for a checkpoint. True where to
        stop.
        """
        every_ms = self.bundle.manifest["checkpoints"]["everyMs"]
        is_late = every_ms is not None and (time.monotonic() - self.saved_at) * 1000 >= every_ms
        own = exit_code_of(self.feed_fault)
        self.stop, late, self.feed_exit_code = agreed(self.signals.stop, int(is_late and is_first()), own)
        self.is_late = late > 0
        return self.stop > 0

    def account(self, loss: float, norm: float, is_applied: bool, duration_ms: float) -> None:
        """Enters a step that was carried out into the books, and stops where it must not go on."""
        factor = self.factor(self.step)
        tokens = self.training["tokens"] + self.bundle.batches.num_tokens(self.step)
        is_timed = self.step > self.first_step
        self.step += 1
        before = self.training["losses"]
        pace = self.training["pace"]
        self.training = {
            **self.training,
            "tokens": tokens,
            "losses": after_step(before, loss) if is_applied else after_skipped_step(before),
            "pace": {
                **pace,
                "elapsedMs": self.elapsed_ms(),
                "stepsMs": pace["stepsMs"] + (duration_ms if is_timed else 0),
                "numTimedSteps": pace["numTimedSteps"] + int(is_timed),
            },
        }
        self.last_steps.append((self.step, loss, norm))
        self.books.tell(
            {
                "type": "step",
                "step": self.step,
                "loss": loss,
                "gradientNorm": norm,
                "isApplied": is_applied,
                "scheduleFactor": factor,
                "tokens": tokens,
                "durationMs": duration_ms,
                "elapsedMs": self.training["pace"]["elapsedMs"],
            }
        )
        self.say_progress(loss, duration_ms)
        if not is_applied:
            what = f"the norm of its gradient is {norm}" if math.isfinite(loss) else f"its loss is {loss}"
            self.books.warn(self.step, f"step {self.step} was skipped: {what}")
        cause = cause_to_stop(self.training["losses"], self.bundle.manifest["numSteps"])
        if cause is not None:
            self.give_up(cause)

    def pause(self, num_steps: int) -> None:
        """What happens between two steps, where it is time for it."""
        if self.step >= num_steps:
            return
        before = time.monotonic()
        every = self.bundle.manifest["evaluation"]["everySteps"]
        if every > 0 and self.step % every == 0 and not self.is_evaluated and self.stop == 0:
            self.evaluate(is_final=False)
        self.is_evaluated = False
        every = self.bundle.manifest["checkpoints"]["everySteps"]
        if self.is_late or (every is not None and self.step % every == 0):
            self.save()
        self.add_pace(otherMs=(time.monotonic() - before) * 1000)

    def finish(self) -> None:
        # Saved first: whatever happens next, the training is done.
        self.save()
        if not self.has_final or self.step != self.first_step:
            self.final = self.evaluate(is_final=True)
            self.stop_where_asked()
        self.add_pace()
        loss = average_loss(self.training["losses"])
        measured = self.final or {"bitsPerByte": None, "numDocuments": 0, "numValidationDocuments": 0}
        bits = measured["bitsPerByte"]
        result = {
            "step": self.step,
            "tokens": self.training["tokens"],
            "bitsPerByte": bits if isinstance(bits, (int, float)) and math.isfinite(bits) else None,
            "numDocuments": measured["numDocuments"],
            "numValidationDocuments": measured["numValidationDocuments"],
            "loss": loss if math.isfinite(loss) else None,
            "durationMs": self.training["pace"]["elapsedMs"],
        }

        def record() -> None:
            self.books.tell({"type": "finished"})
            self.books.sync()
            self.books.update(status="finished", numSteps=self.step, result=result)

        together(record)
        reached = "" if result["bitsPerByte"] is None else f", {result['bitsPerByte']:.4f} bits per byte"
        say(f"finished after {self.step} steps: loss {loss:.4f}{reached}")

    def evaluate(self, *, is_final: bool) -> Record | None:
        facts = self.bundle.manifest["evaluation"]
        rows = facts["final" if is_final else "onTheWay"]
        if rows is None or self.evaluator is None:
            return None
        before = time.monotonic()
        bits = self.evaluator.bits_per_byte(self.state, rows, self.ask)
        if bits is None:
            return None
        pace = self.training["pace"]
        self.training["pace"] = {
            **pace,
            "evaluationMs": pace["evaluationMs"] + (time.monotonic() - before) * 1000,
            "numEvaluatedDocuments": pace["numEvaluatedDocuments"] + rows["numDocuments"],
        }
        event = {
            "type": "evaluation",
            "step": self.step,
            "tokens": self.training["tokens"],
            "bitsPerByte": bits,
            "numDocuments": rows["numDocuments"],
            "numValidationDocuments": facts["numValidationDocuments"],
            "isFinal": is_final,
        }
        self.books.tell(event)
        say(f"step {self.step}: {bits:.4f} bits per byte on {rows['numDocuments']} documents")
        return event

    # Saving and stopping

    def stop_where_asked(self) -> None:
        if self.stop == 0:
            return
        # The checkpoint of this step may be there already, without the time of an evaluation that was
        # stopped.
        [is_amiss] = agreed(int(self.elapsed_ms() - self.training["pace"]["elapsedMs"] > NEGLIGIBLE_MS))
        if is_amiss:
            self.saved_step = None
        self.save()
        name = STOPS[self.stop]
        self.books.tell({"type": "stopped", "step": self.step, "signal": name})
        message = f"the run was stopped by {name} after step {self.step}; it is saved"
        raise shared(Fault("interrupted", message, "Start it again, and it goes on from there."))

    def save(self) -> None:
        """Publishes a checkpoint of this step, unless there is one."""
        if self.saved_step == self.step:
            return
        self.add_pace()
        self.refuse_non_finite()
        names = [*file_order(self.parameters), *file_order(self.optimizer)]
        tensors = self.gatherer.tensors(self.state, names)

        def publish() -> int:
            try:
                if not is_first():
                    return 0
                self.books.sync()
                identity = {name: self.bundle.manifest["fingerprints"][name] for name in FINGERPRINTS}
                given = (self.parameters, self.optimizer, tensors, self.training, identity)
                return publish_checkpoint(self.bundle.run, self.step, *given)
            finally:
                # Tensors are gathered by all: whoever stops reading would keep the others waiting.
                deque(tensors, maxlen=0)

        size_bytes = together(publish)
        self.saved_step = self.step
        self.saved_at = time.monotonic()
        self.is_late = False
        self.books.tell({"type": "checkpoint", "step": self.step, "sizeBytes": size_bytes})
        if is_first():
            for fault in retain_checkpoints(
                self.bundle.run, self.bundle.manifest["checkpoints"]["keep"], self.step
            ):
                self.books.warn(self.step, f"an old checkpoint could not be removed: {fault}")

    def refuse_non_finite(self) -> None:
        """No checkpoint ever holds a number that is not finite."""
        is_finite = np.asarray(self.all_finite(self.state))
        broken = [name for name, one in zip(sorted(self.state), is_finite, strict=True) if not one]
        if not broken:
            return
        stacks = elements(self.bundle.step)
        places = [name for name in {**self.parameters, **self.optimizer} if stacks[name][0] in broken]
        for name, values in zip(places, self.gatherer.tensors(self.state, places), strict=True):
            found = np.flatnonzero(~np.isfinite(values.reshape(-1)))
            if len(found) > 0:
                value = values.reshape(-1)[found[0]]
                self.give_up(
                    f"{name} holds {value} at position {found[0]} after step {self.step}: "
                    "the checkpoint was not written"
                )

    def give_up(self, reason: str) -> NoReturn:
        last = (
            "no checkpoint was saved yet"
            if self.saved_step is None
            else f"the last checkpoint is of step {self.saved_step}"
        )
        message = f"the run stopped after step {self.step}: {reason}; {last}"
        hint = "Begin a new run with a lower learning rate."
        tensors = statistics_of(self.bundle.step, self.mesh, self.state)
        if is_first():
            try:
                facts = {
                    "step": self.step,
                    "reason": reason,
                    "seed": self.bundle.manifest["seed"],
                    "lastCheckpoint": self.saved_step,
                }
                path = write_diagnosis(
                    self.bundle.run, self.bundle.batches, facts, list(self.last_steps), tensors
                )
                hint += f" {path} tells what the last steps read and what they gave."
            except Fault as second:
                # Why the run stopped is what a person needs to know first.
                message += f"; no diagnosis could be written: {second}"
        raise shared(Fault("diverged", message, hint))

    # Pace

    def elapsed_ms(self) -> float:
        return max(0.0, (time.monotonic() - self.origin) * 1000)

    def add_pace(self, **changes: float) -> None:
        pace = self.training["pace"]
        more = {name: pace[name] + change for name, change in changes.items()}
        self.training = {**self.training, "pace": {**pace, **more, "elapsedMs": self.elapsed_ms()}}

    def say_progress(self, loss: float, duration_ms: float) -> None:
        """A line every few seconds."""
        if time.monotonic() - self.said < 5 and self.step < self.num_steps():
            return
        self.said = time.monotonic()
        batch = self.bundle.manifest["batch"]
        rate = batch["batchSize"] * batch["contextLength"] / max(duration_ms, 1e-3) * 1000
        say(f"step {self.step} of {self.num_steps()}: loss {loss:.4f}, {rate:,.0f} tokens a second")


def sound_checkpoint(bundle: Bundle, record: Record, shapes: Shapes) -> NewestCheckpoint:
    """The checkpoint that the run goes on from. Raises `invalid-checkpoint`."""
    own = [bundle.manifest["fingerprints"], *record.get("earlierFingerprints", [])]
    return newest_checkpoint(bundle.run, shapes, own)


def _all_finite(state: dict[str, jax.Array]) -> jax.Array:
    """Of each state, by rising name: whether all of its numbers are finite."""
    return jnp.stack([jnp.isfinite(state[name]).all() for name in sorted(state)])


def arrays_of(run: Path, step: int) -> dict[str, np.ndarray]:
    """The tensors of a checkpoint that the first process has chosen. Raises `invalid-checkpoint`."""
    try:
        return checkpoint_arrays(run, step)
    except (OSError, ValueError) as cause:
        hint = "Let all processes see the same folder, for instance on a shared disk."
        message = f"process {jax.process_index()} cannot read the checkpoint of step {step}: {cause}"
        raise Fault("invalid-checkpoint", message, hint) from cause
