"""Export of a checkpoint to an inference backend: CTranslate2, or PyTorch with 8-bit weights."""

import json
import shutil
from pathlib import Path
from typing import Literal, get_args

from seqloom.corpus.source_context import CONTEXT_FILE
from seqloom.dataset.length_limit import LENGTH_LIMIT_FILE
from seqloom.decoding.confidence import CONFIDENCE_FILE
from seqloom.decoding.ctranslate2_export import write_ctranslate2
from seqloom.decoding.generator_loader import ENSEMBLE_FILE, EXPORT_FILE
from seqloom.decoding.int8_quantization import quantize
from seqloom.decoding.known_answers import KNOWN_ANSWERS_FILE
from seqloom.errors import UserError
from seqloom.models.latent_space import SPACE_FILE
from seqloom.recipe.recipe_json import RECIPE_FILE
from seqloom.vocabulary.special_tokens import VOCABULARY_FILES

ExportBackend = Literal["ctranslate2", "ctranslate2-int8", "torch-int8"]
OPTIONAL_FILES = (SPACE_FILE, LENGTH_LIMIT_FILE, CONTEXT_FILE, CONFIDENCE_FILE, KNOWN_ANSWERS_FILE)
"""Files that some models lack: vector space, context of sources, known answers; old ones length limit, confidence."""
EXPORT_BACKENDS: tuple[ExportBackend, ...] = get_args(ExportBackend)


def export(checkpoint: Path, folder: Path, backend: ExportBackend) -> None:
    """Write the model of `checkpoint` in another backend to `folder`, with all files that `load_generator` needs.

    Raises:
        UserError: the model cannot have this backend.
    """
    if (checkpoint / ENSEMBLE_FILE).is_file():
        raise UserError(f"an ensemble answers in PyTorch alone, not as {backend}: export one of its members")
    engine, _, quantization = backend.partition("-")
    folder.mkdir(parents=True)
    if engine == "ctranslate2":
        write_ctranslate2(checkpoint, folder, quantization or None)
    else:
        quantize(checkpoint, folder)
    for name in (RECIPE_FILE, *VOCABULARY_FILES, *OPTIONAL_FILES):
        if name not in OPTIONAL_FILES or (checkpoint / name).is_file():
            shutil.copyfile(checkpoint / name, folder / name)
    (folder / EXPORT_FILE).write_text(json.dumps({"backend": backend}), encoding="utf-8")
