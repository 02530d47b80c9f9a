"""Training loop, independent of architecture, vocabulary and servers."""

import logging
import math
import signal
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.errors import UserError
from seqloom.malloc import freed_memory_kept
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.preemption import Preempted
from seqloom.progress import Progress
from seqloom.training import checkpoint
from seqloom.training.checkpoint import Learner
from seqloom.training.data_parallel import SingleProcess
from seqloom.training.early_stopping import EarlyStopping
from seqloom.training.graceful_stop import GracefulStop, ImmediateStop
from seqloom.training.gradient_accumulation import Gradients
from seqloom.training.memory_estimate import warn_if_short
from seqloom.training.meters import LossMeter
from seqloom.training.optimizer import build_optimizer, clip_and_step, learning_rate_at, set_learning_rate
from seqloom.training.parent_weights import ParentWeights
from seqloom.training.prefetch import Prefetch
from seqloom.training.privacy_accountant import PrivacyLoss
from seqloom.training.private_gradients import PrivateGradients
from seqloom.training.private_updates import NoiseKey, PrivateUpdates
from seqloom.training.training_state import HistoryRow, TrainingState, newest_checkpoint, read_training_state
from seqloom.training.update_batches import Update, Updates
from seqloom.training.validation import Validate, Validation
from seqloom.training.weight_average import MovingAverage

if TYPE_CHECKING:
    from seqloom.recipe.schema import TrainingSection

REPORT_EVERY = 10  # steps between two rows of the history
SOUP_SHARES = (0.25, 0.5, 0.75)  # of the parent in the averages that model_soup tries
TRIM_EVERY = 100  # steps after which the holes in the heap are returned: a tenth of a second of page faults

Observe = Callable[[HistoryRow], None]
"""Called with every new row of the history."""

logger = logging.getLogger(__name__)


class Trainer:
    """Trainer of a model, from the newest checkpoint of its workspace, if any, to the end."""

    def __init__(
        self,
        model: EncoderDecoder,
        train: BucketedBatches,
        validation: BucketedBatches,
        section: "TrainingSection",
        device: torch.device,
        workspace: Path,
        validate: Validate,
        observe: Observe,
        progress: Progress,
        group: SingleProcess | None = None,
    ) -> None:
        self.model = model.to(device).train()
        self.train = train
        self.section = section
        self.device = device
        self.workspace = workspace
        self.observe = observe
        self.progress = progress
        self.group = group or SingleProcess()
        self.optimizer = build_optimizer(section, model.parameters())
        self.average = MovingAverage(model, section.ema_decay) if section.ema_decay else None
        near_parent = section.parent_decay or section.parent_share or section.model_soup
        self.parent = ParentWeights(model) if near_parent else None
        self.learner = Learner(model, self.optimizer, self.average)
        self.validation = Validation(model, validation, section, device, validate)
        self.early_stopping = EarlyStopping(section.patience, section.average_checkpoints)
        self.state = TrainingState()
        self.scores: HistoryRow = {}  # of the final weights
        self.parent_share = section.parent_share  # of the parent in the final weights
        self.privacy_loss: PrivacyLoss | None = None  # of a private training that has ended
        self.steps = train.updates(section)
        self.meter = LossMeter()
        self.graceful_stop = GracefulStop()

    def run(self) -> TrainingState:
        """Train to the last epoch or early stopping; leave the model with its best weights.

        Raises:
            UserError: the loss is not finite, a sentence does not fit into memory, or the disk is full.
            Preempted: a signal asked to stop, and a checkpoint was saved.
        """
        self._load()
        section = self.section
        self.gradients, self.updates = self._private() if section.privacy_epsilon else self._usual()
        if self.group.rank == 0:
            warn_if_short(self.gradients, self.optimizer, self.train)
        self.saved = time.monotonic()
        with self.graceful_stop, freed_memory_kept() as self.trim:
            try:
                while self.state.epoch < section.epochs and not self.early_stopping.should_stop(self.state):
                    self._run_epoch()
                if self.group.rank == 0:
                    with self.graceful_stop.at_once():
                        self._load_best()
                        self._average_with_parent()
                        self._end_privacy()
            except ImmediateStop:  # nothing is under way, and the other processes do not listen
                checkpoint.save(self.workspace, self.learner, self.state)
                raise Preempted(self.graceful_stop.number, self.state.step) from None
        return self.state

    def _usual(self) -> tuple[Gradients, Updates]:
        gradients = Gradients(self.model, self.section, self.device, self.group)
        rank, size = self.group.rank, self.group.size
        return gradients, Updates(self.train, self.section, self.device, rank, size, self.state.parts)

    def _private(self) -> tuple[PrivateGradients, PrivateUpdates]:
        """Return gradients and updates with the noise that all updates together need for the recipe's epsilon."""
        key = NoiseKey(self.workspace, resumed=self.state.step > 0)
        updates = PrivateUpdates(self.train, self.section, self.device, key)
        planned = PrivacyLoss.planned(self.section, len(self.train.source), self.steps, updates.count)
        return PrivateGradients(self.model, self.section, self.device, planned, key), updates

    def _end_privacy(self) -> None:
        if isinstance(self.gradients, PrivateGradients):
            assert self.state.step <= self.steps, "more updates than the noise was planned for"
            self.privacy_loss = self.gradients.planned.after(self.state.step)
            self.gradients.key.forget()

    def _load(self) -> None:
        """Load the newest checkpoint; the first process does so before the others, and sets aside an unreadable one."""
        if self.group.rank > 0:
            self.group.wait()
        self.state = checkpoint.resume(self.workspace, self.learner) or self.state
        self.state.steps = self.steps
        self.state.parts = max(self.state.parts, checkpoint.parts_asked_for(self.workspace))
        if self.group.rank == 0:
            self.group.wait()

    def _run_epoch(self) -> None:
        state = self.state
        self.meter.begin()
        with Prefetch(self.updates.of_epoch(state.epoch, (state.window, state.batch))) as ready:
            for update in ready:
                self._update(update)
                if state.step % REPORT_EVERY == 0 or state.window == self.train.windows:
                    self._report()
                if state.step % TRIM_EVERY == 0:
                    self.trim()
                self._pause()
        if self.group.rank == 0:
            self._end_epoch()
        self.group.wait()
        if self.group.rank > 0:
            self.state = read_training_state(self.workspace)

    def _update(self, update: Update) -> None:
        state = self.state
        state.step += 1
        set_learning_rate(self.optimizer, learning_rate_at(self.section, state.step, self.steps, state.rate_factor))
        update, losses = self._gradients(update)
        private = isinstance(self.gradients, PrivateGradients)  # whose rows were clipped, each by itself
        clip_and_step(self.optimizer, self.model.parameters(), math.inf if private else self.section.max_grad_norm)
        if self.parent and self.section.parent_decay:
            self.parent.pull(self.optimizer.param_groups[0]["lr"] * self.section.parent_decay)
        if self.average:
            self.average.update(state.step)
        for tokens, loss in zip(update.tokens, losses, strict=True):
            self.meter.add(state.step, tokens, loss)
        state.window, state.batch = update.position

    def _gradients(self, update: Update) -> tuple[Update, list[Tensor]]:
        """Compute gradients and losses of an update, in smaller parts if memory runs out."""
        while True:
            try:
                return update, self.gradients.add_up(update, self.state.step)
            except torch.OutOfMemoryError:
                if self.group.size > 1:  # the others wait for gradients that will not come: begin again together
                    checkpoint.ask_for_parts(self.workspace, 2 * update.parts)
                    raise
            update = self._in_more_parts(update)

    def _in_more_parts(self, update: Update) -> Update:
        """Cut the rows of an update, and of later ones, into parts of half the size.

        Raises:
            UserError: every part has one row already.
        """
        self.optimizer.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if update.parts == self.updates.parts:  # else it was read ahead, before memory ran out
            if update.parts >= max(map(len, update.rows)):
                raise UserError(
                    f"memory ran out at step {self.state.step} with a single pair of sentences: lower "
                    "corpus.max_characters or the widths of the model, or take a larger device"
                )
            self.updates.parts = self.state.parts = 2 * update.parts
            logger.warning(
                "memory ran out at step %d: batches are now computed in %d parts, with the same loss; "
                "a lower training.batch_tokens with more training.gradient_accumulation would be faster",
                self.state.step,
                self.updates.parts,
            )
        return self.updates.make(update.rows, update.position)

    def _pause(self) -> None:
        """Save a checkpoint if one is due, and stop if a signal came; all processes agree on both."""
        due = time.monotonic() - self.saved >= 60 * self.section.checkpoint_minutes
        wishes = self.group.totals(self.graceful_stop.number > 0, due and self.group.rank == 0)
        if any(wishes):
            self._settle()
            if self.group.rank == 0:
                self._save()
        if wishes[0]:
            raise Preempted(self.graceful_stop.number or signal.SIGTERM, self.state.step)

    def _save(self) -> None:
        checkpoint.save(self.workspace, self.learner, self.state)
        self.saved = time.monotonic()

    def _end_epoch(self) -> None:
        """Validate, keep the weights if they are among the best, and save a checkpoint."""
        state = self.state
        with self.average.in_place() if self.average else nullcontext(), self.graceful_stop.at_once():
            score, scores = self.validation()
        if not math.isfinite(scores["validation/loss"]):
            self._refuse_nan("validation loss", state.step)
        self.early_stopping.end_epoch(state, score)
        self._record(scores)
        self._save()

    def _load_best(self) -> None:
        """Load the weights of the best epoch, or the mean of those of the best ones if it scores no lower."""
        state = self.state
        best = state.best_epoch
        rows = [row for row in state.history if row["epoch"] == best and "validation/loss" in row]
        self.scores = {name: value for name, value in rows[0].items() if name.startswith("validation/")}
        if len(state.kept) > 1:
            checkpoint.load_best(self.workspace, self.model, state, len(state.kept))
            score, scores = self.validation()
            self._record({f"averaged/{name.removeprefix('validation/')}": value for name, value in scores.items()})
            if state.best is not None and score >= state.best:
                self.scores = scores
                return
        checkpoint.load_best(self.workspace, self.model, state)

    def _average_with_parent(self) -> None:
        """Average the final weights with the parent's, by a given share or by the best of several, and score them."""
        if not self.parent:
            return
        if self.section.parent_share:
            self.parent.pull(self.section.parent_share)
            self.scores = self._score_with_parent(self.section.parent_share)[1]
        elif self.section.model_soup:
            self._choose_share(self.parent)

    def _choose_share(self, parent: ParentWeights) -> None:
        """Keep the child, or its average with the parent that has the best validation score (a model soup)."""
        child = parent.child()
        best, self.scores = self.validation()
        for share in SOUP_SHARES:
            parent.average(child, share)
            score, scores = self._score_with_parent(share)
            if score > best:
                best, self.scores, self.parent_share = score, scores, share
        parent.average(child, self.parent_share)

    def _score_with_parent(self, share: float) -> tuple[float, HistoryRow]:
        score, scores = self.validation()
        named = {f"with_parent/{name.removeprefix('validation/')}": each for name, each in scores.items()}
        self._record({"with_parent/share": share, **named})
        return score, scores

    def _settle(self) -> None:
        broken = self.meter.settle(self.state, self.group)
        if broken is not None:
            self._refuse_nan("training loss", broken)

    def _report(self) -> None:
        self._settle()
        state = self.state
        if self.group.rank == 0:
            rate = self.optimizer.param_groups[0]["lr"]
            row, told = {"train/learning_rate": rate, "train/seconds": round(state.seconds, 3)}, ""  # of the updates
            if state.tokens:  # a private training counts none
                loss, speed = state.loss / state.tokens, state.tokens / max(1e-9, state.seconds)
                row = {"train/loss": loss, **row, "train/tokens_per_second": round(speed)}
                told = f" · loss {loss:.3f} · {speed:,.0f} tokens/s"
            self._record(row)
            best = "" if state.best is None else f" · best {self.section.select_by} {abs(state.best):.3f}"
            epoch = f"epoch {state.epoch + 1} of {self.section.epochs}"
            done = min(state.step, self.steps)  # epochs differ by an update or two
            self.progress(done, self.steps, "updates", f"{epoch}{told}{best}")
        state.loss, state.tokens, state.seconds = 0.0, 0, 0.0

    def _record(self, scores: HistoryRow) -> None:
        row = {"step": self.state.step, "epoch": self.state.epoch, **scores}
        self.state.history.append(row)
        self.observe(row)

    def _refuse_nan(self, what: str, step: int) -> None:
        rate = learning_rate_at(self.section, step, self.steps, self.state.rate_factor)
        good = newest_checkpoint(self.workspace)
        kept = f"the last good checkpoint is kept in {good}" if good else "no checkpoint was written, so none is kept"
        raise UserError(
            f"the {what} became no number at step {step} with learning rate {rate:.3g}: lower training.learning_rate "
            f"or training.max_grad_norm, or add training.warmup_steps; {kept}"
        )
