"""Multi30k through Seqloom's own stages, and the same segmented text in files for the peers."""

import shutil
from pathlib import Path

from bench.paths import HOME
from seqloom.corpus import SIDES
from seqloom.corpus.corpus_files import iterate_split
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.dataset.stage import encode_corpus
from seqloom.models.model_factory import Sizes
from seqloom.progress import unwatched
from seqloom.recipe.schema import CorpusSection, Recipe
from seqloom.vectors.stage import build_vectors
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS
from seqloom.vocabulary.stage import build_vocabulary, load_vocabularies

LANGUAGES = {"source": "en", "target": "de"}
VALIDATION_ROWS = 50  # so that an epoch's end costs next to nothing


def prepare(data: Path, recipe: Recipe, name: str = "multi30k", pairs: int | None = None) -> Path:
    """Make the artifacts of the stages before training, and `train.en`, `vocabulary.en`, … of tokens.

    Every stage has the folder of its name; the tokens of the text files are separated by single spaces. Of the training
    split the first `pairs`, or all.
    """
    folder = HOME / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    section = corpus_section(data, folder, pairs)
    corpus, vocabulary = segment(section, recipe, folder)
    vectors, batches = (folder / name for name in ("vectors", "dataset"))
    for stage in (vectors, batches):
        stage.mkdir()
    build_vectors(recipe.vectors, recipe.vocabulary.shared, corpus, vocabulary, vectors, unwatched)
    encode_corpus(corpus, vocabulary, batches, unwatched)
    return folder


def segment(section: CorpusSection, recipe: Recipe, folder: Path) -> tuple[Path, Path]:
    """Make the corpus and the vocabulary, folders in `folder`, with text files by language next to them."""
    corpus, vocabulary = folder / "corpus", folder / "vocabulary"
    for stage in (corpus, vocabulary):
        stage.mkdir(parents=True)
    build_corpus(section, locate(section, folder), corpus, unwatched)
    build_vocabulary(recipe.vocabulary, corpus, vocabulary, unwatched)
    languages = section.source_language, section.target_language
    for side, language, words in zip(SIDES, languages, load_vocabularies(vocabulary), strict=True):
        tokens = words.tokens[len(SPECIAL_TOKENS) :]
        (folder / f"vocabulary.{language}").write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
        for split in ("train", "validation", "test"):
            with (folder / f"{split}.{language}").open("w", encoding="utf-8") as file:
                for frame in iterate_split(corpus, split, (side,)):
                    for sequence in words.tokenize(frame[side].tolist()):
                        file.write(" ".join(sequence) + "\n")
    return corpus, vocabulary


def corpus_section(data: Path, folder: Path, pairs: int | None) -> CorpusSection:
    """Write the training split, or its first pairs, and a few sentences for validation and test; return the section."""
    for language in LANGUAGES.values():
        _write_part(data / f"train.{language}", slice(pairs), folder / f"short-train.{language}")
        for number, name in enumerate(("short-validation", "short-test")):
            few = slice(number * VALIDATION_ROWS, (number + 1) * VALIDATION_ROWS)
            _write_part(data / f"val.{language}", few, folder / f"{name}.{language}")
    files = {
        split: [str(folder / f"short-{split}.{language}") for language in LANGUAGES.values()]
        for split in ("train", "validation", "test")
    }
    return CorpusSection(source_language=LANGUAGES["source"], target_language=LANGUAGES["target"], **files)


def _write_part(file: Path, part: slice, target: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    target.write_text("".join(f"{line}\n" for line in lines[part]), encoding="utf-8")


def sizes_of(recipe: Recipe, vocabulary: Path) -> Sizes:
    """Return the sizes that the model takes from earlier stages."""
    source, target = load_vocabularies(vocabulary)
    return Sizes(len(source), len(target), recipe.vectors.width, recipe.vocabulary.shared)
