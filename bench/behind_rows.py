"""Perplexity on text longer than the training rows: `python -m bench.behind_rows TEXT [--decoder cnn]`.

Characters of TEXT, rows of 32. For each kind of positions the perplexity of a character that has a row before it, by
how positions beyond a row are handled: nothing, a random offset of every batch, each row behind the one before
it while training too (twice the work), or windows, which is what `models.windowed_model` does.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from seqloom.dataset.lm_blocks import BlockBatches, make_block_batch
from seqloom.dataset.padded_batch import Batch
from seqloom.dataset.sequences import Sequences
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.input_embedding import InputEmbedding
from seqloom.models.model_factory import Sizes, build_model
from seqloom.recipe.schema import ModelSection
from seqloom.training.validation import validation_loss
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS

ROW, WIDTH, BATCH_TOKENS = 32, 64, 1024
CPU = torch.device("cpu")


def main() -> None:
    """Print a line for each kind of positions and each way to train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("--decoder", default="transformer")
    parser.add_argument("--characters", type=int, default=300_000)
    parser.add_argument("--updates", type=int, default=800)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    text = asked.text.read_text(encoding="utf-8")[: asked.characters]
    known = {letter: number for number, letter in enumerate(sorted(set(text)), start=len(SPECIAL_TOKENS))}
    ids = np.array([known[letter] for letter in text], dtype=np.int32)
    cut = len(ids) * 9 // 10
    train, valid = (BlockBatches(_sequences(part), ROW, BATCH_TOKENS) for part in (ids[:cut], ids[cut:]))
    kinds = {"transformer": ("sinusoidal", "learned", "rotary"), "cnn": ("sinusoidal", "learned")}
    for positions in kinds.get(asked.decoder, ("no",)):  # a recurrent model has no positions
        for how in ("rows", "offsets", "context") if asked.decoder in kinds else ("rows",):
            started = time.monotonic()
            torch.manual_seed(1)
            section = ModelSection(
                encoder="none",
                decoder=asked.decoder,
                decoder_width=WIDTH,
                decoder_layers=2,
                feedforward_width=4 * WIDTH,
                positions="sinusoidal" if positions == "no" else positions,
                max_positions=2 * ROW,
                dropout=0.1,
            )
            plain, windowed = (
                build_model(section, Sizes(len(known) + 4, len(known) + 4, WIDTH, True, window=window))
                for window in (0, ROW)
            )
            _train(plain, train, how, asked.updates)
            windowed.load_state_dict(plain.state_dict())
            seconds = time.monotonic() - started
            figures = [math.exp(validation_loss(model, valid.in_order(), CPU)) for model in (plain, windowed)]
            print(
                f"{asked.decoder} {positions}, learned from {how}: {figures[0]:.3f}, by windows {figures[1]:.3f}, "
                f"{seconds:.0f} s",
                flush=True,
            )


def _sequences(ids: np.ndarray) -> Sequences:
    return Sequences(ids, np.array([0, len(ids)], dtype=np.int64))


def _train(model: EncoderDecoder, batches: BlockBatches, how: str, updates: int) -> None:
    random = np.random.default_rng(1)
    entrance = next((module for module in model.modules() if isinstance(module, InputEmbedding)), nn.Identity())
    read = entrance.forward
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, updates, pct_start=0.1)
    done = epoch = 0
    while done < updates:
        for rows, _ in batches.epoch(1, epoch):
            if how == "offsets":
                first = int(random.integers(ROW + 1))
                entrance.forward = lambda embedded, position, first=first: read(embedded, position + first)  # type: ignore
            loss = model.loss(_with_context(batches, rows) if how == "context" else batches.batch(rows), 0.0)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            done += 1
            if done == updates:
                break
        epoch += 1
    entrance.forward = read  # type: ignore[method-assign]


def _with_context(batches: BlockBatches, rows: np.ndarray) -> Batch:
    """Return rows of the text, every second one with the row before it as context."""
    texts, known = [], []
    for row in rows.tolist():
        start = batches.turn + row * ROW
        before = ROW * (row % 2)
        texts.append(batches.ids[(start - before + np.arange(before + ROW)) % batches.total])
        known.append(before)
    return make_block_batch(texts, known)


if __name__ == "__main__":
    main()
