"""BERTScore (Zhang et al. 2020): how near the tokens of answers and references are in an encoder's vectors.

S and T tokens of a reference and an answer, D width of the encoder. The encoder is the user's, in a folder as Hugging
Face writes them: its configuration, its tokenizer, and weights in safetensors; nothing of a folder is run.
"""

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from tokenizers import Encoding, Tokenizer
from torch import Tensor

from seqloom.artifact.digest import digest_of_file
from seqloom.errors import UserError
from seqloom.evaluation.paired_bootstrap import confidence_interval, mean_of
from seqloom.progress import Progress
from seqloom.recipe.encoder_files import TOKENIZER_CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE
from seqloom.recipe.metric import KEPT_PLACES

BERTSCORE = "bertscore"  # metric of an evaluation, and field of its facts
PAIRS_AT_ONCE = 32
LONGEST = 512  # tokens that are read of a text, where the folder does not say
_DIGITS = 8


class TextEncoder(Protocol):
    """An encoder of token ids."""

    def __call__(self, texts: Sequence[str]) -> list[tuple[Tensor, Tensor]]:
        """Return for each text the vectors of its tokens, of length 1 `(S, D)`, and which count `(S,)`."""


class BertEncoder:
    """The encoder of a folder, up to a layer."""

    def __init__(self, folder: Path, layer: int, device: str) -> None:
        """Load it; layer 0 is the last one.

        Raises:
            UserError: it cannot be loaded, or has no such layer.
        """
        from transformers import AutoModel, logging  # seconds of imports, and an extra

        logging.set_verbosity_error()
        logging.disable_progress_bar()
        try:
            self._model: Any = AutoModel.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
            )
            self._tokenizer: Any = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        except Exception as error:  # whatever Transformers raises of a folder that is none
            raise UserError(f"evaluation.bertscore_model {folder}: cannot be loaded: {_first_line(error)}") from None
        config = self._model.config
        layers = int(getattr(config, "num_hidden_layers", 0))
        if config.is_encoder_decoder or not layers:
            raise UserError(f"evaluation.bertscore_model {folder}: is no encoder: give one such as BERT or RoBERTa")
        if layer > layers:
            raise UserError(
                f"evaluation.bertscore_layer {layer}: the model in {folder} has {layers} layers: at most that"
            )
        self.layer = layer or layers
        self._pad = config.pad_token_id or 0
        self._lead = " " if config.model_type == "roberta" else ""  # as in a sentence: its first word is a word, too
        self._tokenizer.enable_truncation(_longest(folder, config))
        self._tokenizer.no_padding()
        self._device = torch.device(device)
        self._model.to(self._device).eval()

    def __call__(self, texts: Sequence[str]) -> list[tuple[Tensor, Tensor]]:
        """Return vectors and which count: special tokens are there to be matched, and do not."""
        encodings: list[Encoding] = self._tokenizer.encode_batch([self._lead + text.strip() for text in texts])
        lengths = [len(each.ids) for each in encodings]
        ids = torch.full((len(texts), max(lengths)), self._pad)
        mask = torch.zeros_like(ids)
        for row, each in enumerate(encodings):
            ids[row, : lengths[row]] = torch.tensor(each.ids)
            mask[row, : lengths[row]] = 1
        with torch.inference_mode():
            found = self._model(
                input_ids=ids.to(self._device), attention_mask=mask.to(self._device), output_hidden_states=True
            )
        vectors = torch.nn.functional.normalize(found.hidden_states[self.layer].float(), dim=-1).cpu()
        counts = [1 - torch.tensor(each.special_tokens_mask) for each in encodings]
        return [(vectors[row, : lengths[row]], counts[row].float()) for row in range(len(texts))]


def bertscore(
    hypotheses: Sequence[str], references: Sequence[str], folder: Path, layer: int, device: str, progress: Progress
) -> dict[str, Any]:
    """Return mean precision, recall and F1 of the answers, 0 to 1, the interval of F1, and the signature.

    Without weights by frequency (idf) and without rescaling; an empty text scores 0.

    Raises:
        UserError: the folder holds no encoder that can be loaded.
    """
    assert len(hypotheses) == len(references) > 0, "one hypothesis per reference, and at least one"
    encoder = BertEncoder(folder, layer, device)
    rows = np.zeros((len(references), 3))
    for row, scores in _scored(hypotheses, references, encoder, progress):
        rows[row] = scores
    precision, recall, f1 = (round(float(value), KEPT_PLACES) for value in rows.mean(axis=0))
    interval = [round(end, KEPT_PLACES) for end in confidence_interval(mean_of(rows[:, 2]))]
    digest = digest_of_file(folder / WEIGHTS_FILE)[:_DIGITS]
    signature = (
        f"model:{folder.name}|sha256:{digest}|layer:{encoder.layer}|idf:no|rescale:no|"
        f"transformers:{installed('transformers')}"
    )
    found = {"f1": f1, "precision": precision, "recall": recall, "interval": interval}
    return {**found, "rows": len(rows), "signature": signature}


def _scored(
    hypotheses: Sequence[str], references: Sequence[str], encoder: TextEncoder, progress: Progress
) -> Iterator[tuple[int, tuple[float, float, float]]]:
    """Yield each row with its scores, those of similar length together."""
    by_length = sorted(range(len(references)), key=lambda row: len(hypotheses[row]) + len(references[row]))
    for start in range(0, len(by_length), PAIRS_AT_ONCE):
        rows = by_length[start : start + PAIRS_AT_ONCE]
        vectors = encoder([hypotheses[row] for row in rows] + [references[row] for row in rows])
        for at, row in enumerate(rows):
            yield row, matched(*vectors[at], *vectors[at + len(rows)])
        progress(min(start + PAIRS_AT_ONCE, len(by_length)), len(by_length), "rows", "BERTScore")


def matched(answer: Tensor, of_answer: Tensor, reference: Tensor, of_reference: Tensor) -> tuple[float, float, float]:
    """Return precision, recall and F1 of the vectors of an answer `(T, D)` and a reference `(S, D)`.

    Each token is matched with the most similar one of the other side; means are over those that count, `(T,)`, `(S,)`.
    """
    if not of_answer.sum() or not of_reference.sum():
        return 0.0, 0.0, 0.0
    similarity = answer @ reference.T  # (T, S)
    precision = float((similarity.amax(dim=1) * of_answer).sum() / of_answer.sum())
    recall = float((similarity.amax(dim=0) * of_reference).sum() / of_reference.sum())
    total = precision + recall
    return precision, recall, 2 * precision * recall / total if total else 0.0


def _longest(folder: Path, config: Any) -> int:
    """Return the most tokens of a text that the encoder reads."""
    file = folder / TOKENIZER_CONFIG_FILE
    read = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    given = read.get("model_max_length", LONGEST)
    positions = getattr(config, "max_position_embeddings", None) or LONGEST
    return int(min(given, positions, LONGEST))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
