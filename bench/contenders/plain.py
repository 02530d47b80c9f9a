"""A plain torch loop: `python -m bench.contenders.plain transformer FOLDER`, in Seqloom's environment.

What anyone would write first: torch's own nn.Transformer (post-norm, its default), F.cross_entropy over all positions
with padding ignored, AdamW, fp32, batches of pairs sorted by length.
"""

import itertools
import math
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from bench.turns import Turns

PADDING, UNKNOWN, START, END = range(4)
BATCH_TOKENS = 1840  # with padding
WARM_UP = 10
WIDTH = 256


class Translator(nn.Module):
    """nn.Transformer between one tied embedding, with sinusoidal positions (Vaswani et al. 2017)."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, WIDTH, padding_idx=PADDING)
        nn.init.normal_(self.embedding.weight, std=WIDTH**-0.5)
        self.body = nn.Transformer(WIDTH, 4, 3, 3, 1024, dropout=0.2, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        angles = torch.arange(1024).unsqueeze(1) / 10_000 ** (torch.arange(0, WIDTH, 2) / WIDTH)
        self.positions: Tensor
        self.register_buffer("positions", torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1))

    def embed(self, tokens: Tensor) -> Tensor:
        """Embed token ids `(B, T)` as `(B, T, WIDTH)`."""
        embedded: Tensor = self.dropout(self.embedding(tokens) * math.sqrt(WIDTH) + self.positions[: tokens.shape[1]])
        return embedded

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Return logits `(B, T, V)`."""
        causal = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
        hidden = self.body(
            self.embed(source),
            self.embed(target),
            tgt_mask=causal,
            src_key_padding_mask=source == PADDING,
            tgt_key_padding_mask=target == PADDING,
            memory_key_padding_mask=source == PADDING,
            tgt_is_causal=True,
        )
        return F.linear(hidden, self.embedding.weight)


def batches(folder: Path) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield sources and targets, each `(B, T)` with start, end and padding, for ever."""
    words = (folder / "vocabulary.en").read_text(encoding="utf-8").split("\n")[:-1]
    ids = {word: number for number, word in enumerate(words, start=END + 1)}

    def encode(name: str) -> list[list[int]]:
        lines = (folder / name).read_text(encoding="utf-8").split("\n")[:-1]
        return [[START, *(ids.get(word, UNKNOWN) for word in line.split(" ")), END] for line in lines]

    pairs = sorted(zip(encode("train.en"), encode("train.de"), strict=True), key=_size)
    cut: list[list[tuple[list[int], list[int]]]] = [[]]
    for pair in pairs:
        if (len(cut[-1]) + 1) * (_size(pair)[0] - 1) > BATCH_TOKENS:
            cut.append([])
        cut[-1].append(pair)
    for _ in itertools.count():
        random.shuffle(cut)
        for rows in cut:
            source, target = (
                pad_sequence([torch.tensor(row) for row in side], True) for side in zip(*rows, strict=True)
            )
            yield source[:, 1:], target


def _size(pair: tuple[list[int], list[int]]) -> tuple[int, int]:
    return max(map(len, pair)), len(pair[1])


def main() -> None:
    """Train until the race is over."""
    assert sys.argv[1] == "transformer"
    folder = Path(sys.argv[2])
    turns = Turns(WARM_UP)
    torch.manual_seed(1)
    random.seed(1)
    tokens = len((folder / "vocabulary.en").read_text(encoding="utf-8").split("\n")) - 1 + END + 1
    model = Translator(tokens)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, betas=(0.9, 0.98))
    for source, target in batches(folder):
        wanted = target[:, 1:]
        turns.drawn(int((wanted != PADDING).sum()))
        logits = model(source, target[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=PADDING, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


if __name__ == "__main__":
    main()
