"""A recipe with a teacher: which texts are asked, where the pairs go, what is asked again, and what is one sentence."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import flows.refresh
from seqloom import pipeline
from seqloom.artifact.cache_key import TRAINING
from seqloom.artifact.digest import digest_of_folder
from seqloom.artifact.manifest import Manifest, read_manifest
from seqloom.corpus.corpus_files import read_split
from seqloom.corpus.sources import locate, locate_monolingual
from seqloom.corpus.stage import build_corpus
from seqloom.dataset.batch_factory import open_batches
from seqloom.dataset.stage import encode_corpus
from seqloom.distillation.taught_corpus import Teaching
from seqloom.distillation.teacher import TeacherReply
from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.recipe.recipe_json import read_recipe, write_recipe
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import CorpusSection
from seqloom.registry.card_text import _training_text
from seqloom.registry.mlflow_runs import _datasets
from seqloom.registry.preflight import check_recipe_and_files
from seqloom.registry.run_plan import pinned, plan
from seqloom.vocabulary.stage import build_vocabulary
from tasks.pages.data_pages import corpus_page
from tasks.refresh_decision import RefreshDecision
from tests.models.plain import plain_recipe

LETTERS = "abcdefgh"
WORDS = [one + two for one in LETTERS for two in LETTERS]


class Backwards:
    """A teacher that writes capitals from right to left, and nothing for a text with a question mark."""

    identity = "backwards"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def ask(self, texts: Sequence[str]) -> Iterator[tuple[int, TeacherReply]]:
        self.seen += texts
        for index, text in enumerate(texts):
            answers = () if "?" in text else (text.upper()[::-1],)
            yield index, TeacherReply(answers, failure="" if answers else "no idea")


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    rows = [f"source {word}\ttarget {word}\n" for word in WORDS]
    Path("rows.tsv").write_text("source\ttarget\n" + "".join(rows))
    Path("targets.txt").write_text("".join(f"target {word}\n" for word in WORDS) + "new ?\nnew\nnew\n\nmail a@b.org\n")
    Path("more.txt").write_text("new\nnewer\n")


def section_of(**fields: Any) -> CorpusSection:
    options = {"validation_share": 0.2, "test_share": 0.2, "teacher": "some", **fields}
    return CorpusSection.model_validate({"train": ["rows.tsv"], **options})


def taught(section: CorpusSection, tmp_path: Path, teacher: Backwards) -> tuple[Path, dict[str, Any]]:
    number = len(list(tmp_path.glob("corpus-*")))
    before, after = (tmp_path / f"{name}-{number}" for name in ("corpus", "taught"))
    for folder in (before, after):
        folder.mkdir()
    (answers := tmp_path / "answers").mkdir(exist_ok=True)
    facts = build_corpus(section, locate(section, tmp_path), before, unwatched)
    corpus = Manifest("corpus", "key", "digest", str(before), 1.0, facts)
    texts = locate_monolingual(section, tmp_path)
    return after, Teaching(section, corpus, texts, lambda: nullcontext(teacher), answers).build(after, unwatched)


@pytest.mark.parametrize("side", ["source", "target"])
def test_texts_are_answered_and_join_the_training_split_alone(side: str, tmp_path: Path) -> None:
    if side == "source":
        Path("targets.txt").write_text(Path("targets.txt").read_text().replace("target ", "source "))
    teacher = Backwards()
    folder, facts = taught(section_of(**{f"monolingual_{side}": ["targets.txt", "more.txt"]}), tmp_path, teacher)
    before = {split: read_split(tmp_path / "corpus-0", split) for split in ("train", "validation", "test")}
    after = {split: read_split(folder, split) for split in before}
    held_out = {text for split in ("validation", "test") for text in after[split][side]}
    for split in ("validation", "test"):
        assert after[split].equals(before[split])
    rows = len(before["train"])
    assert after["train"][:rows].to_dict("list") == before["train"].to_dict("list")
    added = after["train"][rows:]
    asked = {f"{side} {word}" for word in WORDS} - held_out
    assert set(teacher.seen) == asked | {"new ?", "new", "newer", "mail a@b.org"}
    assert len(teacher.seen) == len(set(teacher.seen))
    expected = {(text.upper()[::-1], text) for text in (asked | {"new", "newer", "mail a@b.org"})}
    if side == "target":
        assert set(zip(added["source"], added["target"], strict=True)) == {(f"<BT> {a}", b) for a, b in expected}
    else:
        assert set(zip(added["target"], added["source"], strict=True)) == expected
    assert (facts["rows"]["train"], facts["taught"]["kept"]) == (len(after["train"]), len(added))
    assert facts["taught"]["left_out"]["no idea"] == 1
    page = "\n".join(corpus_page(Manifest("corpus", "key", "digest", str(folder), 1.0, facts)))
    assert "no idea" in page.replace("\\", "")


def test_a_weight_is_that_of_the_pairs_of_the_teacher(tmp_path: Path) -> None:
    folder, facts = taught(section_of(monolingual_target=["targets.txt"]), tmp_path, Backwards())
    for name in ("vocabulary", "dataset"):
        (tmp_path / name).mkdir()
    keys = set()
    for weight in (1, 3):
        corpus = {"train": ["rows.tsv"], "teacher": "some", "monolingual_target": ["targets.txt"]}
        tree = {"name": "a", "corpus": corpus, "teaching": {"weight": weight}, "vocabulary": {"kind": "char"}}
        recipe = plain_recipe(tree)
        keys.add(TRAINING.key(recipe, [""] * 3))
    build_vocabulary(recipe.vocabulary, folder, tmp_path / "vocabulary", unwatched)
    encode_corpus(folder, tmp_path / "vocabulary", tmp_path / "dataset", unwatched)
    rows, added = facts["rows"]["train"], facts["taught"]["kept"]
    epoch = open_batches(recipe, tmp_path / "dataset", "train").epoch(1, 0)
    seen = Counter(row for batch, _ in epoch for row in batch.tolist())
    assert seen == {row: 1 if row < rows - added else 3 for row in range(rows)}
    assert len(keys) == 2, "another weight trains anew"


def test_nothing_is_asked_twice_and_the_filters_count(tmp_path: Path) -> None:
    teacher = Backwards()
    taught(section_of(monolingual_target=["targets.txt"]), tmp_path, teacher)
    asked = len(teacher.seen)
    Path("more.txt").write_text("new\nnewer\n11\n")
    section = section_of(monolingual_target=["targets.txt", "more.txt"], filters=["no_copy"])
    folder, facts = taught(section, tmp_path, teacher)
    assert [*teacher.seen[asked:]] == ["newer", "11", "new ?"], "what is new, and at the end what failed"
    assert facts["taught"]["known"] == asked - 1
    assert "11" not in set(read_split(folder, "train")["target"]), "a copy"


def test_a_teacher_that_only_copies_is_a_sentence(tmp_path: Path) -> None:
    Path("more.txt").write_text("11\n22\n")
    section = section_of(monolingual_target=["more.txt"], filters=["no_copy"])
    with pytest.raises(UserError, match=r"^corpus.monolingual_target: of 2 rows read from the answers .*2 no_copy"):
        taught(section, tmp_path, Backwards())


def test_personal_data_and_excluded_texts_reach_no_teacher(tmp_path: Path) -> None:
    Path("forget.txt").write_text("new\n")
    teacher = Backwards()
    fields = {"monolingual_target": ["targets.txt"], "privacy": "replace", "exclude": "forget.txt"}
    folder, _ = taught(section_of(**fields), tmp_path, teacher)
    assert "mail [EMAIL_1]" in teacher.seen
    assert "new" not in teacher.seen
    assert not read_split(folder, "train")["source"].str.contains("b.org").any()


def held_out_texts(folder: Path, side: str) -> set[str]:
    return {text for split in ("validation", "test") for text in read_split(folder, split)[side]}


@pytest.mark.parametrize("split_by", ["source", "folded", "similar"])
def test_what_is_like_a_held_out_text_is_not_asked(split_by: str, tmp_path: Path) -> None:
    draw, teacher = random.Random(1), Backwards()
    said = [" ".join("".join(draw.choices(LETTERS, k=6)) for _ in range(12)) for _ in range(60)]
    Path("rows.tsv").write_text("source\ttarget\n" + "".join(f"source {each}\t{each}\n" for each in said))
    Path("more.txt").write_text("".join(f"{each.title()}!\n{each} xy\n" for each in said))
    folder, facts = taught(section_of(monolingual_target=["more.txt"], split_by=split_by), tmp_path, teacher)
    held_out = held_out_texts(folder, "target")
    assert held_out
    assert {text[:-1].lower() for text in teacher.seen if text.endswith("!")} == {*said} - held_out
    longer = {text[:-3] for text in teacher.seen if text.endswith(" xy")}
    assert longer == ({*said} - held_out if split_by == "similar" else {*said})
    assert facts["taught"]["left_out"]["held out"] == 2 * len(said) - len(teacher.seen)


def test_no_answer_is_like_a_held_out_source(tmp_path: Path) -> None:
    Path("more.txt").write_text("".join(f"{word[::-1]} ECRUOS\n" for word in WORDS))  # whose answers are the sources
    folder, _ = taught(section_of(monolingual_target=["more.txt"]), tmp_path, Backwards())
    added = {source for source in read_split(folder, "train")["source"] if source.startswith("<BT>")}
    assert added
    assert not {source.removeprefix("<BT> ").lower() for source in added} & held_out_texts(folder, "source")


def test_white_space_is_kept_where_the_corpus_keeps_it(tmp_path: Path) -> None:
    Path("more.txt").write_text("  a\tb  c\n")
    teacher = Backwards()
    folder, _ = taught(section_of(monolingual_target=["more.txt"], whitespace="keep"), tmp_path, teacher)
    assert teacher.seen == ["  a\tb  c"]
    last = read_split(folder, "train").iloc[-1]
    assert (last["source"], last["target"]) == ("<BT> C  B\tA  ", "  a\tb  c")


def test_one_text_may_be_all_that_is_held_out(tmp_path: Path) -> None:
    Path("rows.tsv").write_text("source\ttarget\n" + "".join(f"source {word}\tall alike\n" for word in WORDS))
    Path("more.txt").write_text("all alike\nnew\n")
    teacher = Backwards()
    taught(section_of(monolingual_target=["more.txt"]), tmp_path, teacher)
    assert teacher.seen == ["new"]


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (b"good\n\xff\nbetter\n\xff\n", r"^2 of 4 rows of corpus\.monolingual_target cannot be read"),
        (b"what ?\n", r"^corpus\.monolingual_target: no text has an answer to learn from: no idea \(1\)$"),
        (b"target aa\n" * 3 + b"TARGET AA\n", r"^corpus\.monolingual_target: nothing is left to learn from"),
        (b"x" * 2000 + b"\n", r"^corpus\.monolingual_target: of 1 rows read from more\.txt \(1 too long"),
        (b"PAR1....PAR1", r"^more\.txt: .*Parquet"),
    ],
)
def test_a_mistake_in_the_texts_names_their_field(texts: bytes, sentence: str, tmp_path: Path) -> None:
    Path("more.txt").write_bytes(texts)
    fields: dict[str, Any] = {"monolingual_target": ["more.txt"]}
    if b"aa" in texts:  # held out, every one
        Path("held.tsv").write_text("source\ttarget\nmore\ttarget aa\n")
        fields["test"] = ["held.tsv"]
    with pytest.raises(UserError, match=sentence):
        taught(section_of(**fields), tmp_path, Backwards())


def as_parquet(texts: list[str], column: str, file: str) -> None:
    pq.write_table(pa.table({"other": ["?"] * len(texts), column: texts}), file)


TABLES: dict[str, Callable[[list[str], str, str], object]] = {
    "tsv": lambda texts, column, file: Path(file).write_text(
        f"other\t{column}\n" + "".join(f"?\t{text}\n" for text in texts)
    ),
    "csv": lambda texts, column, file: Path(file).write_text(
        f"other,{column}\n" + "".join(f'"?, ""?""","{text}"\n' for text in texts)
    ),
    "jsonl": lambda texts, column, file: Path(file).write_text(
        "".join(json.dumps({column: text, "other": [1]}) + "\n" for text in texts)
    ),
    "parquet": as_parquet,
}


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("ending", TABLES)
def test_a_table_is_read_by_the_column_of_its_side(ending: str, side: str, tmp_path: Path) -> None:
    texts, columns = ["new, and so on", "newer"], {"source_column": "source", "target_column": "target"}
    TABLES[ending](texts, columns[f"{side}_column"], f"more.{ending}")
    Path("others.txt").write_text("of a line\n")
    teacher = Backwards()
    section = section_of(**columns, **{f"monolingual_{side}": [f"more.{ending}", "others.txt"]})
    folder, facts = taught(section, tmp_path, teacher)
    assert teacher.seen == [*texts, "of a line"]
    assert facts["taught"]["texts"] == 3
    last = read_split(folder, "train")[side].tolist()[-3:]
    assert [text.removeprefix("<BT> ") for text in last] == teacher.seen


def test_a_catalog_of_two_sides_is_a_sentence(tmp_path: Path) -> None:
    Path("more.po").write_text('msgid "a"\nmsgstr "b"\n')
    with pytest.raises(
        UserError, match=r"^more\.po: is a PO file, and corpus\.monolingual_target names files with a text"
    ):
        taught(section_of(monolingual_target=["more.po"]), tmp_path, Backwards())


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_table_without_the_column_names_the_field_of_its_side(side: str, tmp_path: Path) -> None:
    Path("more.csv").write_text("text,other\na,b\n")
    with pytest.raises(
        UserError, match=rf"^more.csv: no column '{side}' among text, other; correct corpus.{side}_column"
    ):
        taught(section_of(**{f"monolingual_{side}": ["more.csv"]}), tmp_path, Backwards())


def tree(**corpus: Any) -> dict[str, Any]:
    return {
        "name": "taught",
        "task": "transduction",
        "corpus": {"train": ["rows.tsv"], "validation_share": 0.2, "test_share": 0.2, **corpus},
        "vocabulary": {"kind": "char"},
        "vectors": {"width": 8, "method": "none"},
        "model": {"encoder": "gru", "decoder": "gru", "encoder_width": 6, "decoder_width": 6},
        "training": {"epochs": 1, "batch_tokens": 500},
    }


def test_from_a_model_of_the_other_direction_to_a_model(tmp_path: Path) -> None:
    home = tmp_path / "home"
    back = pipeline.train(tree(source_column="target", target_column="source"))
    asked = check_recipe(tree(teacher=str(back.folder), monolingual_target=["targets.txt"]), "recipe")
    told = [(step.stage, step.told) for step in plan(asked, home)]
    assert told[:3] == [("corpus", "will run"), ("teacher", "will run"), ("vocabulary", "will run")]
    found = check_recipe_and_files(asked, home, unwatched, timed=True)
    assert found.teaching is not None
    assert found.teaching.texts > len(WORDS) / 2
    assert found.teaching.seconds is not None
    model = pipeline.train(asked)
    assert model.evaluate()
    assert [step.stage for step in plan(asked, home) if step.cached] == [
        *("corpus", "teacher", "vocabulary", "vectors", "dataset", "training")
    ]
    assert check_recipe_and_files(asked, home, unwatched).teaching is None
    corpora = [read_manifest(file.parent) for file in home.glob("artifacts/corpus/*/manifest.json")]
    [whole] = [each for each in corpora if "taught" in each.facts]
    assert whole.facts["taught"]["kept"] > 0
    digest = digest_of_folder(back.folder)
    assert pinned(asked, home).corpus.teacher == f"{back.folder}#sha256={digest[:16]}"
    assert read_recipe(model.folder).corpus.teacher.endswith(digest[:16])
    Path("targets.txt").write_text("newest\n" * 2 + "another\n")
    assert [step.told for step in plan(asked, home)][:3] == ["cached", "will run", "will run"]
    other = f"{back.folder}#sha256=0123456789abcdef"
    with pytest.raises(UserError, match=r"corpus.teacher: .* is another model than the one that was meant"):
        plan(check_recipe(tree(teacher=other, monolingual_target=["targets.txt"]), "recipe"), home)


@pytest.mark.parametrize(
    ("corpus", "task", "sentence"),
    [
        ({"teacher": "folder"}, "translation", "give both, or none"),
        ({"monolingual_target": ["a.txt"]}, "translation", "give both, or none"),
        (
            {"teacher": "ftp://host/v1", "monolingual_source": ["a.txt"]},
            "translation",
            "or the address of an endpoint, such as https://HOST/v1",
        ),
        (
            {"teacher": "folder", "monolingual_source": ["a.txt"], "monolingual_target": ["a.txt"]},
            "translation",
            "give one of them",
        ),
        ({"teacher": "folder", "monolingual_target": ["a.txt"]}, "sentiment", "task sentiment and"),
        ({"teacher": "folder", "monolingual_target": ["a.txt"], "memory": 1}, "translation", "corpus.memory and"),
        ({"teacher": "folder", "monolingual_target": ["a.txt"], "overfit": True}, "translation", "corpus.overfit and"),
    ],
)
def test_what_no_teacher_can_do(corpus: dict[str, Any], task: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        check_recipe({"name": "x", "task": task, "corpus": {"train": ["rows.tsv"], **corpus}}, "recipe")


@pytest.mark.parametrize(
    ("corpus", "sentence"),
    [
        ({"teacher": "nowhere", "monolingual_target": ["targets.txt"]}, "corpus.teacher: nowhere: no such checkpoint"),
        ({"teacher": "home", "monolingual_target": ["gone.txt"]}, "gone.txt: no such file"),
        ({"teacher": "home", "monolingual_target": ["more.txt"]}, "corpus.teacher: home holds no recipe.json"),
    ],
)
def test_what_is_not_there_is_said_before_anything_is_read(corpus: dict[str, Any], sentence: str) -> None:
    Path("home").mkdir()
    with pytest.raises(UserError, match=sentence):
        pipeline.train(tree(**corpus))
    assert not list(Path("home").glob("artifacts/corpus/*"))


def test_a_refresh_asks_the_teacher_that_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("back").mkdir()
    write_recipe(check_recipe(tree(), "recipe"), Path("back"))
    Path("recipe.yaml").write_text(json.dumps(tree(teacher="back", monolingual_target=["targets.txt"])))
    read: list[str] = []
    monkeypatch.setattr(flows.refresh, "make_corpus", lambda recipe: read.append(recipe.corpus.teacher))
    monkeypatch.setattr(flows.refresh, "decide", lambda *_: RefreshDecision(False, "nothing"))
    monkeypatch.setattr(flows.refresh, "announce", lambda *_: None)
    flows.refresh.refresh.fn("recipe.yaml")
    assert read == [f"back#sha256={digest_of_folder(Path('back'))[:16]}"]


def test_card_and_datasets_name_the_texts_and_the_teacher_of_the_recipe() -> None:
    recipe = check_recipe(tree(teacher="models:/back/2#sha256=ab", monolingual_target=["targets.txt"]), "recipe")
    rows = {"train": 9, "validation": 1, "test": 1}
    characters = {"train": {"source": 5.0, "target": 5.0}}
    taught = {"kept": 3, "side": "target", "teacher": "models:/back@champion"}  # as a run without a pin called it
    facts: dict[str, dict[str, Any]] = {
        "corpus": {"rows": rows, "rejected": {}, "characters": characters, "taught": taught},
        "vocabulary": {"size": {"source": 9, "target": 9}},
        "vectors": {"coverage": {}},
        "training": {"parameters": 1, "steps": 1, "epochs": 1, "best_epoch": 1},
    }
    made = {name: Manifest(name, "key", "digest", "folder", 1.0, of) for name, of in facts.items()}
    card = "\n".join(_training_text(recipe, made))
    assert "`rows.tsv`, `targets.txt`" in card
    assert "`models:/back/2#sha256=ab`" in card
    assert "@champion" not in card
    places = {
        each.dataset.name: json.loads(each.dataset.source)["places"] for each in _datasets(recipe, made["corpus"])
    }
    assert places == {"train": ["rows.tsv", "targets.txt"], "validation": ["rows.tsv"], "test": ["rows.tsv"]}
