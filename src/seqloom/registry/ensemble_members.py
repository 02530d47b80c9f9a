"""Members of an ensemble that is to be a registered version: which versions, and what each was made from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from mlflow.entities.model_registry import ModelVersion

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import CORPUS, DATASET, TRAINING, VOCABULARY, Stage
from seqloom.artifact.digest import digest_of_folder
from seqloom.artifact.manifest import Manifest
from seqloom.corpus.corpus_files import read_split
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import ENSEMBLE_FILE, load_generator, load_together
from seqloom.errors import UserError
from seqloom.evaluation.bertscore_model import check_bertscore_model
from seqloom.evaluation.row_columns import check_recipe_columns
from seqloom.progress import Progress
from seqloom.recipe.pinned_version import pin_version
from seqloom.recipe.recipe_json import read_recipe
from seqloom.recipe.recipe_loader import change_recipe, check_recipe
from seqloom.recipe.schema import Recipe
from seqloom.registry.integrity import uri_of
from seqloom.registry.latency_benchmark import megabytes_of
from seqloom.registry.latency_measurement import Answer, by_turns
from seqloom.registry.lineage import DIGITS, stages_of_version
from seqloom.registry.model_uri import fetch, find_version, open_registry
from seqloom.registry.seal import CHECKPOINT
from seqloom.registry.version_ancestry import inherited_corpora
from seqloom.reports.privacy_summary import FACTS as PRIVACY
from seqloom.training.privacy_accountant import delta_of
from seqloom.vectors.intrinsic_files import check_score_files

CHANGEABLE = ("decoding", "evaluation", "registry")  # sections that an ensemble may have other than its first member
BACKEND = "torch"
_NOT_TRAINED = {
    "start_from": "",
    "parent_decay": 0.0,
    "parent_share": 0.0,
    "model_soup": False,
    "start_encoder_from": "",
    "privacy_epsilon": 0.0,
    "privacy_delta": 0.0,
}
"""Fields of training without parents and privacy: those of the first member would be wrong of all together."""
_TIMED = 20  # test rows whose latency is measured


@dataclass(frozen=True)
class EnsembleMember:
    """A registered version, its checkpoint, and the stages that it was made from."""

    uri: str  # models:/NAME/VERSION
    digest: str  # of the checkpoint
    checkpoint: Path
    corpus: Manifest
    privacy: Mapping[str, float | str] | None  # epsilon, delta, parent; None where it was not trained privately

    @property
    def pinned(self) -> str:
        """URI and digest, for MLflow gives the number of a deleted version again."""
        return pin_version(self.uri, self.digest)


@dataclass(frozen=True)
class EnsemblePlan:
    """The members of an ensemble, the recipe it is judged by, and the stages of its first member."""

    recipe: Recipe
    members: tuple[EnsembleMember, ...]
    vocabulary: Manifest
    dataset: Manifest
    inherited: tuple[Manifest, ...]  # raw text and that of ancestors, by digest alone (version_ancestry.py)

    @property
    def corpus(self) -> Manifest:
        """The corpus whose test split the ensemble is judged by: the first member's."""
        return self.members[0].corpus

    @property
    def other_corpora(self) -> list[Manifest]:
        """The corpora of other members, each once; stages of their own: corpus-2, corpus-3, …"""
        found = {member.corpus.digest: member.corpus for member in self.members}
        others = list(found.values())[1:]
        return [replace(each, stage=f"{CORPUS.name}-{number}") for number, each in enumerate(others, 2)]

    @property
    def inputs(self) -> list[str]:
        """Digests of all that the ensemble is made of, in order, with the names that its files and its card have."""
        corpora = [self.corpus, *self.other_corpora]
        named = [*(each.pinned for each in self.members), *(each.digest for each in self.members)]
        return [*named, *(each.digest for each in corpora)]


def plan_ensemble(models: Sequence[str], name: str, override: Sequence[str], home: Path) -> EnsemblePlan:
    """Find the members of an ensemble that is to be registered as `name`, and check that they go together.

    It is read, searched and judged as the recipe of the first member says, with `override` on top.

    Raises:
        UserError: one is no registered version, they do not go together, or what one was made from is not here.
    """
    from seqloom.decoding.ensemble_loader import require_members  # torch: seconds of imports

    if folder := next((each for each in models if not each.startswith("models:")), None):
        raise UserError(
            f"{folder} is no registered version, and the members of one that is registered are: give "
            "models:/NAME@ALIAS or models:/NAME/VERSION; to write a folder, give one with a slash in it, such as "
            "--to ./together"
        )
    versions = [find_version(each, home) for each in models]
    checkpoints = [fetch(version) / CHECKPOINT for version in versions]
    require_members(checkpoints, [uri_of(version) for version in versions])
    members = tuple(
        _member(version, checkpoint, home) for version, checkpoint in zip(versions, checkpoints, strict=True)
    )
    _require_fit(tuple(checkpoints), tuple(each.uri for each in members), tuple(each.digest for each in members))
    vocabulary, dataset = (_stage_of(versions[0], stage, home) for stage in (VOCABULARY, DATASET))
    recipe = _recipe(members[0].checkpoint, name, override)
    check_score_files(recipe.evaluation)
    check_bertscore_model(recipe.evaluation)
    check_recipe_columns(recipe, members[0].corpus.path)
    return EnsemblePlan(recipe, members, vocabulary, dataset, tuple(inherited_corpora(versions, home)))


@lru_cache(maxsize=1)
def _require_fit(checkpoints: tuple[Path, ...], names: tuple[str, ...], digests: tuple[str, ...]) -> None:
    """Refuse members that do not go together; the command asks, and its flow asks again in the same process."""
    assert len(digests) == len(checkpoints), "they tell a version from an earlier one of its number"
    load_together(checkpoints, names)


def _member(version: ModelVersion, checkpoint: Path, home: Path) -> EnsembleMember:
    corpus = _stage_of(version, CORPUS, home)
    digest, privacy = digest_of_folder(checkpoint), _privacy_of(version, read_recipe(checkpoint), corpus, home)
    return EnsembleMember(uri_of(version), digest, checkpoint, corpus, privacy)


def _privacy_of(
    version: ModelVersion, recipe: Recipe, corpus: Manifest, home: Path
) -> Mapping[str, float | str] | None:
    """Return what a version's training spent; where its stage was cleaned up, what it was allowed to spend."""
    section = recipe.training
    if not section.privacy_epsilon:
        return None
    digest = stages_of_version(open_registry(uri_of(version), home), version).get(TRAINING.name, "")
    training = Store(home).find_by_digest(TRAINING.name, digest)
    spent = training.facts.get(PRIVACY) if training else None
    if spent is None:
        delta = delta_of(section, corpus.facts["rows"]["train"])
        spent = {"epsilon": section.privacy_epsilon, "delta": delta, "parent": section.start_from}
    return {name: spent[name] for name in ("epsilon", "delta", "parent")}


def _stage_of(version: ModelVersion, stage: Stage, home: Path) -> Manifest:
    """Return a stage that a version was made from.

    Raises:
        UserError: it is not on this machine.
    """
    uri = uri_of(version)
    digest = stages_of_version(open_registry(uri, home), version).get(stage.name, "")
    found = Store(home).find_by_digest(stage.name, digest)
    if found is None:
        raise UserError(
            f"{uri}: its {stage.name} is not on this machine, so nobody can tell which test rows it has learned from; "
            "run where it was trained, or train its recipe again"
        )
    return found


def _recipe(checkpoint: Path, name: str, override: Sequence[str]) -> Recipe:
    """Return the first member's recipe under the ensemble's name, without what only a training of its own has.

    Its backend is torch, the only one for several.
    """
    for each in override:
        if each.partition(".")[0] not in CHANGEABLE:
            raise UserError(
                f"override {each}: an ensemble is not trained; fields of {', '.join(CHANGEABLE)} may differ from those "
                "of its first member"
            )
    own = json.loads(json.dumps(read_recipe(checkpoint), default=vars))
    own["registry"]["backend"] = BACKEND
    own["training"] |= _NOT_TRAINED
    own["serving"] |= {"memory_file": "", "rules_file": ""}  # it has what was read for its first member
    own["pretraining"] = {}
    recipe = change_recipe(check_recipe({**own, "name": name}, "the ensemble"), override)
    if recipe.registry.backend != BACKEND:
        raise UserError(
            f"override registry.backend={recipe.registry.backend}: an ensemble answers in PyTorch alone: leave it out"
        )
    return recipe


def build_ensemble(plan: EnsemblePlan, folder: Path, progress: Progress) -> dict[str, Any]:
    """Write the ensemble to `folder`; return its members and what it costs beside its first member alone."""
    from seqloom.decoding.ensemble_loader import ensemble_of, write_ensemble  # torch: seconds of imports

    names = [each.pinned for each in plan.members]
    progress(0, len(names), "members", "copying")
    write_ensemble([each.checkpoint for each in plan.members], names, folder)
    progress(len(names), len(names), "members", "copying")
    alone = [load_generator(each.checkpoint) for each in plan.members]
    for each in alone:
        each.memory = None  # what is timed is the model
    together = ensemble_of(alone, names)
    texts = read_split(plan.corpus.path, "test")["source"].tolist()
    answers = [_answer(each, plan.recipe) for each in (together, alone[0])]
    timed = by_turns(answers, texts[:_TIMED]) if texts and not together.frame_width else []
    return {
        "members": [
            {
                "model": member.uri,
                "digest": member.digest[:DIGITS],
                "corpus": member.corpus.digest[:DIGITS],
                "rows": member.corpus.facts["rows"]["train"],
                "parameters": parameters_of(generator),
                "megabytes": round(megabytes_of(member.checkpoint), 3),
                **({PRIVACY: dict(member.privacy)} if member.privacy else {}),
            }
            for member, generator in zip(plan.members, alone, strict=True)
        ],
        "parameters": parameters_of(together),
        "megabytes": round(megabytes_of(folder), 3),
        "latency": [round(each.p95, 2) for each in timed],  # ms for one text, 95 of 100 times: together, and the first
    }


def parameters_of(generator: Generator) -> int:
    """Return the number of weights; of an ensemble those of all members."""
    return sum(each.numel() for each in {id(each): each for each in generator.model.parameters()}.values())


def _answer(generator: Generator, recipe: Recipe) -> Answer:
    return lambda texts: generator.reply(list(texts), recipe.decoding)


def members_of_version(checkpoint: Path) -> list[str]:
    """Return the members of an ensemble's checkpoint, pinned; none of any other."""
    file = checkpoint / ENSEMBLE_FILE
    return list(json.loads(file.read_text(encoding="utf-8"))["members"]) if file.is_file() else []
