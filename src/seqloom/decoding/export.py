"""The forms that a checkpoint can be written in beside its own: smaller, or faster on a CPU, or both."""

import json
import shutil
from pathlib import Path
from typing import Literal, get_args

from seqloom.dataset.length_limit import LENGTH_LIMIT_FILE
from seqloom.decoding.backends import EXPORT_FILE
from seqloom.decoding.ctranslate2_export import write_ctranslate2
from seqloom.decoding.int8 import quantize
from seqloom.models.vector_space import SPACE_FILE
from seqloom.recipe.serialization import RECIPE_FILE
from seqloom.vocabulary.special_tokens import VOCABULARY_FILES

Form = Literal["ctranslate2", "ctranslate2-int8", "torch-int8"]
NOT_ALWAYS = (SPACE_FILE, LENGTH_LIMIT_FILE)
"""Files that some models lack: a space of vectors has who writes from them, a limit who was trained since there are."""
FORMS: tuple[Form, ...] = get_args(Form)


def export(checkpoint: Path, folder: Path, form: Form) -> None:
    """Write the model of `checkpoint` in another form to `folder`, with all that `seqloom generate` needs.

    Raises:
        UserError: it cannot have this form.
    """
    engine, _, quantization = form.partition("-")
    folder.mkdir(parents=True)
    if engine == "ctranslate2":
        write_ctranslate2(checkpoint, folder, quantization or None)
    else:
        quantize(checkpoint, folder)
    for name in (RECIPE_FILE, *VOCABULARY_FILES, *NOT_ALWAYS):
        if name not in NOT_ALWAYS or (checkpoint / name).is_file():
            shutil.copyfile(checkpoint / name, folder / name)
    (folder / EXPORT_FILE).write_text(json.dumps({"form": form}), encoding="utf-8")
