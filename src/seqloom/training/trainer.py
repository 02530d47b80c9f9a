"""The training loop: knows no architecture, no vocabulary and no server."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from seqloom.batches.batch import Batch
from seqloom.batches.bucketing import BucketedBatches
from seqloom.mistake import UserMistake
from seqloom.models.dropout import NOISE
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.progress import Progress
from seqloom.training import checkpoint
from seqloom.training.allocation import freed_memory_kept
from seqloom.training.checkpoint import HistoryRow, Position
from seqloom.training.loss import token_loss, validation_loss
from seqloom.training.optimiser import build_optimiser, learning_rate_at, set_learning_rate
from seqloom.training.precision import precision_context

if TYPE_CHECKING:
    from seqloom.recipe.schema import Training

REPORT_EVERY = 10  # steps between two rows of the history

Validate = Callable[[EncoderDecoder], Mapping[str, float]]
"""Scores a model on validation text: {"bleu": …, "chrf": …}."""

Observe = Callable[[HistoryRow], None]
"""Is told every new row of the history as it is written."""


@dataclass
class _Window:
    """Loss and speed since the last report."""

    loss: float = 0.0  # summed over tokens
    tokens: int = 0
    started: float = 0.0

    def begin(self) -> None:
        self.loss, self.tokens, self.started = 0.0, 0, time.monotonic()


class Trainer:
    """One training, from wherever its workspace stands to its end."""

    def __init__(
        self,
        model: EncoderDecoder,
        train: BucketedBatches,
        validation: BucketedBatches,
        section: "Training",
        device: torch.device,
        workspace: Path,
        validate: Validate,
        observe: Observe,
        progress: Progress,
    ) -> None:
        self.model = model.to(device).train()
        self.train = train
        self.validation = validation
        self.section = section
        self.device = device
        self.workspace = workspace
        self.validate = validate
        self.observe = observe
        self.progress = progress
        self.optimiser = build_optimiser(section, model.parameters())
        self.position = Position()
        self.steps = section.epochs * len(train.plan(section.seed, 0))
        self.window = _Window()

    def run(self) -> Position:
        """Train to the last epoch or until patience ends; the model is left with its best weights.

        Raises:
            UserMistake: the loss is no longer a number.
        """
        torch.manual_seed(self.section.seed)
        self.position = checkpoint.load(self.workspace, self.model, self.optimiser) or self.position
        with freed_memory_kept():
            while self.position.epoch < self.section.epochs and self.position.stale_epochs < self.section.patience:
                self._run_epoch()
        checkpoint.load_best(self.workspace, self.model)
        return self.position

    def _run_epoch(self) -> None:
        position = self.position
        plan = self.train.plan(self.section.seed, position.epoch)
        self.window.begin()
        for rows in plan[position.batch :]:
            self._update(self.train.batch(rows).to(self.device))
            position.batch += 1
            if position.step % REPORT_EVERY == 0 or position.batch == len(plan):
                self._report(len(plan))
        self._finish_epoch()

    def _update(self, batch: Batch) -> None:
        position = self.position
        position.step += 1
        rate = learning_rate_at(self.section, position.step, self.steps)
        set_learning_rate(self.optimiser, rate)
        NOISE.restart(self.section.seed, position.step)
        with precision_context(self.device, self.section.precision):
            loss = token_loss(self.model, batch, self.section.label_smoothing)
        value = loss.item()
        self._refuse_nan(value, "training loss")
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), self.section.clip_norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.window.loss += value * batch.tokens
        self.window.tokens += batch.tokens

    def _finish_epoch(self) -> None:
        """Validate, keep the weights if they are the best, and save."""
        position = self.position
        position.epoch += 1
        position.batch = 0
        loss = validation_loss(self.model, self.validation.in_order(), self.device)
        self._refuse_nan(loss, "validation loss")
        scores = self._validation_scores()
        figure = -loss if self.section.select_by == "loss" else scores[f"validation/{self.section.select_by}"]
        is_best = position.best is None or figure > position.best
        if is_best:
            position.best, position.best_epoch, position.stale_epochs = figure, position.epoch, 0
        else:
            position.stale_epochs += 1
        self._record({"validation/loss": loss, "validation/perplexity": math.exp(min(loss, 700.0)), **scores})
        checkpoint.save(self.workspace, self.model, self.optimiser, position, is_best)

    def _validation_scores(self) -> dict[str, float]:
        """Text scores, only where they choose the epoch: they cost a decoding of the validation split."""
        if self.section.select_by == "loss":
            return {}
        self.model.eval()
        scores = {f"validation/{name}": value for name, value in self.validate(self.model).items()}
        self.model.train()
        return scores

    def _report(self, batches: int) -> None:
        position, window = self.position, self.window
        loss = window.loss / window.tokens
        speed = window.tokens / max(1e-9, time.monotonic() - window.started)
        rate = self.optimiser.param_groups[0]["lr"]
        self._record({"train/loss": loss, "train/learning_rate": rate, "train/tokens_per_second": round(speed)})
        best = "" if position.best is None else f" · best {self.section.select_by} {abs(position.best):.3f}"
        done = position.epoch + position.batch / batches
        note = f"loss {loss:.3f} · {speed:,.0f} tokens/s{best}"
        self.progress(int(done * 100), self.section.epochs * 100, "epochs", note)
        window.begin()

    def _record(self, figures: HistoryRow) -> None:
        row = {"step": self.position.step, "epoch": self.position.epoch, **figures}
        self.position.history.append(row)
        self.observe(row)

    def _refuse_nan(self, loss: float, what: str) -> None:
        if math.isfinite(loss):
            return
        step, rate = self.position.step, self.optimiser.param_groups[0]["lr"]
        good = checkpoint.newest(self.workspace)
        kept = f"the last good checkpoint is kept in {good}" if good else "no epoch was finished, so none is kept"
        raise UserMistake(
            f"the {what} became {loss} at step {step} with learning rate {rate:.3g}: lower training.learning_rate or "
            f"training.clip_norm, or add training.warmup_steps; {kept}"
        )
