"""BERTScore (Zhang et al. 2020): how near the tokens of answers and references are in an encoder's vectors.

S and T tokens of a reference and an answer, D width of the encoder. The encoder is the user's, in a folder as Hugging
Face writes them: its configuration, its tokenizer, and weights in safetensors; nothing of a folder is run.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from tokenizers import Encoding, Tokenizer
from torch import Tensor

from seqloom.artifact.digest import digest_of_file
from seqloom.errors import UserError
from seqloom.evaluation.bertscore_model import FIELD, first_line, longest_text, open_tokenizer, require_layer
from seqloom.evaluation.paired_bootstrap import confidence_interval, mean_of
from seqloom.progress import Progress
from seqloom.recipe.encoder_files import CONFIG_FILE, WEIGHTS_FILE
from seqloom.recipe.metric import KEPT_PLACES

BERTSCORE = "bertscore"  # metric of an evaluation, and field of its facts
PAIRS_AT_ONCE = 32
_DIGITS = 8


class TextEncoder(Protocol):
    """An encoder of token ids."""

    def __call__(self, texts: Sequence[str]) -> list[tuple[Tensor, Tensor]]:
        """Return for each text the vectors of its tokens, of length 1 `(S, D)`, and which count `(S,)`."""


@dataclass(frozen=True)
class BertEncoder:
    """A model whose last layer's vectors are read, and its tokenizer."""

    model: Any  # of Transformers
    tokenizer: Tokenizer
    layer: int
    pad: int = 0
    lead: str = ""  # what stands before a text
    device: str = "cpu"

    def __call__(self, texts: Sequence[str]) -> list[tuple[Tensor, Tensor]]:
        """Return vectors and which count: special tokens are there to be matched, and do not."""
        stripped = [text.strip() for text in texts]
        encodings: list[Encoding] = self.tokenizer.encode_batch([self.lead + text if text else "" for text in stripped])
        lengths = [len(each.ids) for each in encodings]
        ids = torch.full((len(texts), max(*lengths, 1)), self.pad)
        mask = torch.zeros_like(ids)
        for row, each in enumerate(encodings):
            ids[row, : lengths[row]] = torch.tensor(each.ids)
            mask[row, : lengths[row]] = 1
        with torch.inference_mode():
            found = self.model(input_ids=ids.to(self.device), attention_mask=mask.to(self.device))
        vectors = torch.nn.functional.normalize(found.last_hidden_state.float(), dim=-1).cpu()
        counts = [1 - torch.tensor(each.special_tokens_mask) for each in encodings]
        return [(vectors[row, : lengths[row]], counts[row].float()) for row in range(len(texts))]


def load_encoder(folder: Path, layer: int, device: str) -> BertEncoder:
    """Load the encoder of a folder up to a layer, 0 is the last one; what is above it is not built.

    Raises:
        UserError: it cannot be loaded, lacks weights, or has no such layer.
    """
    from transformers import AutoConfig, AutoModel, logging  # seconds of imports, and an extra

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    safe = {"local_files_only": True, "trust_remote_code": False}
    try:
        config: Any = AutoConfig.from_pretrained(folder, **safe)
        layers = int(getattr(config, "num_hidden_layers", 0))
        require_layer(folder, layer, layers, config.is_encoder_decoder)
        config.num_hidden_layers = layer = layer or layers
        model, info = AutoModel.from_pretrained(
            folder, config=config, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **safe
        )
    except UserError:
        raise
    except Exception as error:  # whatever Transformers raises of a folder that is none
        raise UserError(f"{FIELD} {folder}: cannot be loaded: {first_line(error)}") from None
    _require_weights(folder, info["missing_keys"])
    tokenizer = open_tokenizer(folder)
    pad, positions = config.pad_token_id or 0, getattr(config, "max_position_embeddings", None)
    if positions and any(name in config.model_type for name in ("roberta", "camembert", "mpnet")):
        positions -= pad + 1  # its first position is the one behind the padding's
    tokenizer.enable_truncation(longest_text(folder, positions))
    lead = " " if config.model_type == "roberta" else ""  # as in a sentence: its first word is a word, too
    return BertEncoder(model.to(device).eval(), tokenizer, layer, pad, lead, device)


def _require_weights(folder: Path, missing: Iterable[str]) -> None:
    """Refuse what Transformers would draw at random; the pooler's vector is not read, and many files have none."""
    if lacks := sorted(name for name in missing if "pooler" not in name.split(".")):
        raise UserError(
            f"{FIELD} {folder / WEIGHTS_FILE}: lacks {len(lacks)} weights of the model in {CONFIG_FILE}, such as "
            f"{lacks[0]}: download both files again, of one model"
        )


def bertscore(
    hypotheses: Sequence[str], references: Sequence[str], folder: Path, layer: int, device: str, progress: Progress
) -> dict[str, Any]:
    """Return mean precision, recall and F1 of the answers, 0 to 1, the interval of F1, and the signature.

    Without weights by frequency (idf) and without rescaling; an empty text scores 0.

    Raises:
        UserError: the folder holds no encoder that can be loaded.
    """
    assert len(hypotheses) == len(references) > 0, "one hypothesis per reference, and at least one"
    encoder = load_encoder(folder, layer, device)
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
