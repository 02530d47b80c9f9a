"""The recipe of a pretraining: a masked language model of raw text, whose encoder a training starts from.

Devlin et al. 2019 (https://aclanthology.org/N19-1423). Its stages are those of any training, so they are cached,
resumed and shared as these are.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqloom.errors import UserError
from seqloom.recipe.model_rules import RECURRENT
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import Recipe

_OF_ENCODER = (
    "encoder", "encoder_width", "encoder_layers", "bidirectional", "reverse_source", "variational_dropout",
    "kernel_size", "heads", "feedforward_width", "norm", "positions", "max_positions", "dropout",
)  # fmt: skip
_OF_TRAINING = ("optimizer", "batch_tokens", "seed", "device", "precision", "processes", "checkpoint_minutes")
_OF_CORPUS = (
    "encoding", "source_language", "max_characters", "split_by", "overfit", "normalizers", "exclude", "privacy",
    "name_list", "max_reject_share", "scheduler",
)  # fmt: skip


def refuse_two_encoders(recipe: Recipe) -> None:
    """Raise UserError if an encoder is named beside the one that is to be learned."""
    if recipe.pretraining.corpus and recipe.training.start_encoder_from:
        raise UserError(
            "training.start_encoder_from names an encoder and pretraining.corpus has one learned: remove one of them"
        )


def pretraining_recipe(asked: Recipe, adapted: Recipe, corpus: Path, facts: Mapping[str, Any]) -> Recipe | None:
    """Return the recipe of the pretraining that `asked` wants; None where it wants none.

    The architecture is that of `adapted`, the same recipe without anything left to choose; sizes that `asked` leaves
    out follow from the raw text. Beside this, the text is that of the training sources in `corpus`, whose stage gave
    `facts`; of a shared vocabulary also the targets. Held-out sources are in no raw text that is learned from: the
    corpus stage rejects them.
    """
    if not asked.pretraining.corpus:
        return None
    refuse_two_encoders(asked)
    encoder = adapted.model.encoder
    tree = {
        "name": f"{asked.name[:87]}-pretraining",
        "task": "reconstruction",
        "corpus": _corpus(adapted, corpus, facts),
        "vocabulary": {
            "kind": adapted.vocabulary.kind,
            "size": asked.vocabulary.size,
            "min_frequency": adapted.vocabulary.min_frequency,
        },
        "vectors": _vectors(asked, adapted),
        "model": {
            **{name: getattr(adapted.model, name) for name in _OF_ENCODER},
            "decoder": encoder if encoder in RECURRENT else "gru",  # which a masked language model has not
            "attention": "none",
        },
        "training": {
            **{name: getattr(asked.training, name) for name in _OF_TRAINING},
            "objective": "masked",
            "epochs": asked.pretraining.epochs,
            "label_smoothing": 0.0,
        },
        "registry": {"price_per_hour": asked.registry.price_per_hour},
    }
    return check_recipe(tree, f"the pretraining of {asked.name}")


def with_encoder(recipe: Recipe, folder: Path) -> Recipe:
    """Return the recipe whose training starts from the encoder in `folder`."""
    training = recipe.training.model_copy(update={"start_encoder_from": str(folder)})
    return recipe.model_copy(update={"training": training})


def _corpus(recipe: Recipe, corpus: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section corpus: training sources, and raw text beside them, one source each place."""
    section, train = recipe.corpus, str(corpus / "train.parquet")
    more: list[dict[str, Any]] = [
        {"name": f"raw{number}", "train": [place], "format": "texts"}
        for number, place in enumerate(recipe.pretraining.corpus, start=1)
    ]
    if recipe.vocabulary.shared:
        more.append({"name": "targets", "train": [train], "source_column": "target", "target_column": "target"})
    held_out = (
        {} if section.overfit else {split: [str(corpus / f"{split}.parquet")] for split in ("validation", "test")}
    )
    return {
        **{name: getattr(section, name) for name in _OF_CORPUS},
        **held_out,
        "train": [train],
        "source_name": "sources",
        "sources": more,
        "format": "parquet",
        "target_column": "source",
        "target_language": section.source_language,
        "whitespace": facts["whitespace"],
    }


def _vectors(asked: Recipe, adapted: Recipe) -> dict[str, Any]:
    """Return the section vectors: as asked for the source, of the width that the encoder reads."""
    section = {**asked.vectors.model_dump(), "width": adapted.vectors.width, "target_file": ""}
    if section["method"] == "pretrained" and not section["source_file"]:
        section["method"] = "none"
    return section
