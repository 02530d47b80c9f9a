"""The folder of an encoder for BERTScore: what has to be in it."""

from importlib.util import find_spec
from pathlib import Path

from seqloom.errors import UserError
from seqloom.recipe.encoder_files import ENCODER_FILES
from seqloom.recipe.schema import EvaluationSection

FIELD = "evaluation.bertscore_model"


def check_bertscore_model(section: EvaluationSection) -> None:
    """Refuse a folder that holds no encoder, and a machine without the library that reads it.

    Weights are read from safetensors alone: the older formats are pickles, which can run anything.

    Raises:
        UserError: a file or the library is missing.
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
        raise UserError(f"{FIELD} needs Transformers: pip install 'seqloom[bertscore]', or leave it empty")
