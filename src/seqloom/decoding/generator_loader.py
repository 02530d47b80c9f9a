"""Load a `Generator` from a folder, or put one around a model in memory.

What needs PyTorch is imported where it is loaded: a model of CTranslate2's backend is loaded and answers without.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.artifact.damaged_folder import damage_reported
from seqloom.corpus.source_context import SourceContext
from seqloom.dataset.length_limit import LengthLimit
from seqloom.decoding.backends import CTranslate2Backend, position_table_size
from seqloom.decoding.confidence import read_confidence
from seqloom.decoding.generator import Generator, conversation_of, language_of
from seqloom.decoding.known_answers import KnownAnswers
from seqloom.recipe.applications import application_of
from seqloom.recipe.recipe_json import RECIPE_FILE, read_recipe
from seqloom.vocabulary.special_tokens import VOCABULARY_FILES
from seqloom.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from seqloom.models.encoder_decoder import EncoderDecoder
    from seqloom.recipe.schema import DecodingSection

ENSEMBLE_FILE = "ensemble.json"  # in the folder of an ensemble: its members
EXPORT_FILE = "export.json"  # in the folder of an exported model: its backend


def load_generator(folder: Path) -> Generator:
    """Load the model of a folder that training or `seqloom export` wrote, with its known answers, on the CPU.

    Raises:
        UserError: it holds none, or one that is damaged.
    """
    with damage_reported(folder):
        file = folder / EXPORT_FILE
        generator = _exported_generator(folder, file) if file.is_file() else read_generator(folder)
        generator.memory = KnownAnswers.load(folder)
        return generator


def _exported_generator(folder: Path, file: Path) -> Generator:
    exported = json.loads(file.read_text(encoding="utf-8"))
    if exported.get("backend", exported.get("form")) != "torch-int8":  # form: in exports of 0.1
        return _ctranslate2_generator(folder)
    from seqloom.decoding.int8_quantization import read_int8

    return _class_of(read_recipe(folder).task).from_model(read_int8(folder), folder, runs_on_gpu=False)


def read_generator(folder: Path) -> Generator:
    """Load the model of a checkpoint folder, without known answers, on the CPU.

    Raises:
        UserError: `folder` holds no checkpoint.
    """
    if (folder / ENSEMBLE_FILE).is_file():
        return _read_ensemble(folder)
    known = (folder / RECIPE_FILE).is_file()
    return (_class_of(read_recipe(folder).task) if known else Generator).load(folder)


def _read_ensemble(folder: Path) -> Generator:
    from seqloom.decoding.ensemble_loader import ensemble_of, members_of

    members = members_of(folder)
    generator = ensemble_of([read_generator(each) for each in members], [str(each) for each in members])
    generator.decoding = read_recipe(folder).decoding
    generator.confidence = read_confidence(folder)
    return generator


def load_together(folders: Sequence[Path], names: Sequence[str]) -> Generator:
    """Load one model, or several as an ensemble; a sentence about one calls it by its name.

    Raises:
        UserError: one is damaged, or they do not go together.
    """
    if len(folders) == 1:
        return load_generator(folders[0])
    from seqloom.decoding.ensemble_loader import ensemble_of

    return ensemble_of([load_generator(each) for each in folders], names)


def generator_of(
    task: str,
    model: "EncoderDecoder",
    source: Vocabulary,
    target: Vocabulary,
    decoding: "DecodingSection",
    limit: LengthLimit,
    context: SourceContext | None = None,
    frames_alone: bool = False,
) -> Generator:
    """Return a generator for a model in memory, such as one under training."""
    from seqloom.decoding.torch_backend import TorchBackend

    language = "" if application_of(task).by_sentence else None
    return _class_of(task)(
        TorchBackend(model),
        source,
        target,
        decoding,
        limit=limit,
        context=context,
        language=language,
        frames_alone=frames_alone,
    )


def _class_of(task: str) -> type[Generator]:
    """Return the class for the kind of answer that the task has."""
    match application_of(task).answer:
        case "label":
            from seqloom.decoding.text_classifier import TextClassifier

            return TextClassifier
        case "continuation":
            from seqloom.decoding.language_model import LanguageModel

            return LanguageModel
    return Generator


def _ctranslate2_generator(folder: Path) -> Generator:
    recipe = read_recipe(folder)
    source, target = (Vocabulary.load(folder / name) for name in VOCABULARY_FILES)
    return Generator(
        CTranslate2Backend(folder, source, target),
        source,
        target,
        recipe.decoding,
        characters=recipe.corpus.max_characters,
        tokens=position_table_size(recipe) - 1,
        conversation=conversation_of(recipe),
        limit=LengthLimit.load(folder),
        normalizers=recipe.corpus.normalizers,
        context=SourceContext.load(folder),
        confidence=read_confidence(folder),
        language=language_of(recipe),
    )
