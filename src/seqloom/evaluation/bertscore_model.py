"""The folder of an encoder for BERTScore: what has to be in it.

It is read before a training whose answers it is to score, by the libraries that the check of a recipe has: neither
PyTorch nor Transformers.
"""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safetensors import safe_open
from tokenizers import Tokenizer

from seqloom.errors import UserError
from seqloom.recipe.encoder_files import CONFIG_FILE, ENCODER_FILES, TOKENIZER_CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE
from seqloom.recipe.schema import EvaluationSection

FIELD = "evaluation.bertscore_model"
LONGEST = 512  # tokens that are read of a text, where the folder does not say
_LAYERS = ("num_hidden_layers", "n_layers", "num_layers")  # BERT and most; DistilBERT and XLM; T5


def check_bertscore_model(section: EvaluationSection) -> None:
    """Refuse a folder that holds no encoder with such a layer, and a machine without the library that reads it.

    Weights are read from safetensors alone: the older formats are pickles, which can run anything.

    Raises:
        UserError: a file or the library is missing, a file is damaged, or the model is no encoder or has fewer layers.
    """
    if not section.bertscore_model:
        return
    folder = Path(section.bertscore_model)
    if lacks := [name for name in ENCODER_FILES if not (folder / name).is_file()]:
        raise UserError(
            f"{folder}: is no encoder with {', '.join(ENCODER_FILES)}, it lacks {', '.join(lacks)}; download one as "
            f"Hugging Face has them, or correct {FIELD}"
        )
    if not find_spec("transformers"):
        raise UserError(f"{FIELD} needs Transformers: pip install 'transformers==5.*', or leave it empty")
    config = _settings(folder / CONFIG_FILE)
    layers = next((config[name] for name in _LAYERS if name in config), None)
    if layers is None or isinstance(layers, int):  # some leave out what is usual in their architecture
        known = section.bertscore_layer or 1 if layers is None else layers
        require_layer(folder, section.bertscore_layer, known, bool(config.get("is_encoder_decoder")))
    else:
        raise _damaged(folder / CONFIG_FILE, f"its number of layers is {layers!r}")
    open_tokenizer(folder)
    longest_text(folder, None)
    _open_weights(folder / WEIGHTS_FILE)


def require_layer(folder: Path, layer: int, layers: int, decodes: bool) -> None:
    """Refuse a model that is no encoder of so many layers; layer 0 is the last one.

    Raises:
        UserError: it decodes, or has no layers, or fewer.
    """
    if decodes or layers < 1:
        raise UserError(f"{FIELD} {folder}: is no encoder: give one such as BERT or RoBERTa")
    if layer > layers:
        raise UserError(f"evaluation.bertscore_layer {layer}: the model in {folder} has {layers} layers: at most that")


def open_tokenizer(folder: Path) -> Tokenizer:
    """Return the tokenizer of the folder, which neither cuts nor pads.

    Raises:
        UserError: its file is damaged.
    """
    file = folder / TOKENIZER_FILE
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # it raises nothing more special
        raise _damaged(file, first_line(error)) from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def longest_text(folder: Path, positions: int | None) -> int:
    """Return the most tokens of a text that the encoder reads, special ones among them.

    `positions`: those that it has vectors for, if it has.

    Raises:
        UserError: the file of the tokenizer's settings is damaged.
    """
    file = folder / TOKENIZER_CONFIG_FILE
    given = _settings(file).get("model_max_length") if file.is_file() else None
    if given is not None and not (isinstance(given, int | float) and given >= 1):
        raise _damaged(file, f"model_max_length is {given!r}")
    return int(min(given or LONGEST, positions or LONGEST, LONGEST))


def first_line(error: Exception) -> str:
    """Return the first line of what a library says, or the kind of its error."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _settings(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _damaged(file, first_line(error)) from None
    if not isinstance(content, dict):
        raise _damaged(file, "is no JSON object")
    return content


def _open_weights(file: Path) -> None:
    """Read the header, which says how long the file has to be."""
    try:
        with safe_open(file, framework="numpy") as weights:
            empty = not list(weights.keys())
    except Exception as error:  # SafetensorError, OSError
        raise _damaged(file, first_line(error)) from None
    if empty:
        raise _damaged(file, "it has no tensors")


def _damaged(file: Path, why: str) -> UserError:
    return UserError(f"{FIELD} {file}: cannot be read ({why}): download the file again")
