"""Test rows that the champion has learned, or the version through those that it went on from.

A share that is raised, or an earlier source that gets a text of a later one, makes a test row of one that older
versions learned from. In the comparison with the champion it would be an advantage of whoever knows it.
"""

from collections.abc import Sequence
from pathlib import Path

from mlflow import MlflowClient

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import CORPUS
from seqloom.corpus.overlap import sources_of, stand_in
from seqloom.recipe.schema import Recipe
from seqloom.registry.gate_finding import Finding
from seqloom.registry.integrity import uri_of
from seqloom.registry.lineage import PARENT_CORPUS
from seqloom.registry.training_corpus import training_corpora
from seqloom.registry.version_ancestry import inherited_corpora

_RULE = "test rows that older versions have learned"


def unlearned_rows(
    recipe: Recipe, texts: Sequence[str], corpora: Sequence[Path | None], least: int
) -> tuple[list[int], list[Finding]]:
    """Return the test rows whose text stands in the train split of none of the corpora, and what there is to tell.

    A corpus is None where it is not on this machine. With fewer than `least` rows left all count.
    """
    everything = list(range(len(texts)))
    if recipe.evaluation.test_rows == "all" or recipe.corpus.overfit:
        return everything, []
    there = [corpus for corpus in corpora if corpus]
    known = {row for corpus in there for row in stand_in(texts, sources_of(corpus, "train")).nonzero()[0].tolist()}
    findings = []
    if len(there) < len(corpora):
        told = "the text of the champion, or of a version that one of both went on from, is not on this machine: "
        findings.append(Finding(_RULE, "not known", passed=None, told=f"{told}it may have learned some test rows"))
    if not known:
        return everything, findings
    rows = [row for row in everything if row not in known]
    share = f"{len(known):,} of {len(texts):,} test rows stand in the training text of the champion, or of a version "
    share += "that one of both went on from"
    if len(rows) < least:
        told = f"{share}, and fewer than {least} are left: all count, and who learned them has an advantage"
        return everything, [*findings, Finding(_RULE, f"{len(known):,}", passed=None, told=told, warns=True)]
    told = f"{share}; the comparison leaves them out"
    return rows, [*findings, Finding(_RULE, f"{len(known):,} left out", passed=None, told=told)]


def older_corpora(
    client: MlflowClient, name: str, champion: int, version: int, own: Path, home: Path
) -> list[Path | None]:
    """Return what the champion, and those that it or the version went on from, have learned from, except for `own`."""
    theirs, ours = (client.get_model_version(name, str(number)) for number in (champion, version))
    inherited = inherited_corpora([theirs, ours], home)
    digests = [each.digest for each in inherited if each.stage.partition("-")[0] == PARENT_CORPUS]
    found = [Store(home).find_by_digest(CORPUS.name, digest) for digest in digests]
    corpora = [*training_corpora(uri_of(theirs), home), *(stage.path if stage else None for stage in found)]
    return [corpus for corpus in dict.fromkeys(corpora) if corpus is None or corpus != own]
