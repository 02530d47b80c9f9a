"""Personal data is replaced by type, before anything is written, and what only looks like it stays."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.artifact.cache_key import CORPUS
from seqloom.corpus.excluded_texts import ExcludedTexts
from seqloom.corpus.kept_shards import KeptShards
from seqloom.corpus.pairs import excerpt
from seqloom.corpus.person_names import NameList
from seqloom.corpus.personal_data import PersonalData
from seqloom.corpus.shards import Shard
from seqloom.errors import UserError
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import CorpusSection

from .test_stage import built, many

FOUND = [
    ("Mail jane.doe+x@mail.example.org.", "Mail [EMAIL_1]."),
    ("Ask <bob@a-b.example>, please", "Ask <[EMAIL_1]>, please"),
    ("пишите ivan@почта.рф", "пишите [EMAIL_1]"),
    ("ftp://joe:secret@host.example/x, then", "[URL_1], then"),
    ("https://token@git.example/a.git", "[URL_1]"),
    ("pay to DE89 3704 0044 0532 0130 00 BY MONDAY", "pay to [IBAN_1] BY MONDAY"),
    ("GB82WEST12345698765432", "[IBAN_1]"),
    ("NO93 8601 1117 947", "[IBAN_1]"),
    ("card 4111 1111 1111 1111, exp", "card [CARD_1], exp"),
    ("378282246310005", "[CARD_1]"),
    ("5555-5555-5555-4444", "[CARD_1]"),
    ("from 192.168.17.3:8080", "from [IP_1]:8080"),
    ("host 2001:db8::ff00:42:8329 is up", "host [IP_1] is up"),
    ("call +49 (30) 123-4567 now", "call [PHONE_1] now"),
    ("Tel. 030 / 123 45 67", "Tel. [PHONE_1]"),
    ("(212) 555-0123 or 212.555.0123", "[PHONE_1] or [PHONE_1]"),
    ("0044 20 7946 0958", "[PHONE_1]"),
    ("(713)853-6895.", "[PHONE_1]."),
    ("1-877-795-3687 and 281/424-4770, call", "[PHONE_1] and [PHONE_2], call"),
    ("电话13800138000。", "电话[PHONE_1]。"),
    ("邮箱jane@mail.example请", "邮箱[EMAIL_1]请"),
    ("AB12 CDEF GB82 WEST 1234 5698 7654 32 NO93 86011117947", "AB12 CDEF [IBAN_1] [IBAN_2]"),
]  # fmt: skip
KEPT = [
    "on 2020-10-12 at 12:30:45 it was 1,234,567.89",
    "version 1.2.3 of 10.11.2020, pages 100-200",
    "a@b, @home, x::y and C::D",
    "DE89 3704 0044 0532 0130 01",
    "4111 1111 1111 1112",
    "rows 3112 3113 3114 31, at 20010919133947",
    "127.0.0.1 and 999.1.1.1 and 1.2.3.4.5",
    "https://a.example/path?q=1",
    "order 20201012123045678",
    "2,000,000,000 of 1990 to 2000",
    "[EMAIL_1] and [PHONE_2]",
    "0000 0000 0000 0000",
]


@pytest.mark.parametrize(("text", "replaced"), FOUND)
def test_replaces(text: str, replaced: str) -> None:
    assert PersonalData().replace(text) == (replaced,)


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u3000", "\t"])
@pytest.mark.parametrize(("text", "replaced"), FOUND)
def test_replaces_with_spaces_of_another_kind(text: str, replaced: str, space: str) -> None:
    assert PersonalData().replace(text.replace(" ", space)) == (replaced.replace(" ", space),)


@pytest.mark.parametrize("text", KEPT)
def test_keeps(text: str) -> None:
    assert PersonalData().replace(text) == (text,)


def test_what_is_equal_in_a_pair_has_one_number() -> None:
    personal = PersonalData()
    assert personal.replace("a@x.example, B@x.example", "b@X.example +49 30 1234567 a@x.example") == (
        "[EMAIL_1], [EMAIL_2]",
        "[EMAIL_2] [PHONE_1] [EMAIL_1]",
    )
    assert personal.replace("b@x.example") == ("[EMAIL_1]",)
    assert personal.counts == {"EMAIL": 5, "PHONE": 1}


@given(st.lists(st.one_of(st.text(max_size=20), st.sampled_from([text for text, _ in FOUND] + KEPT)), max_size=5))
def test_replacing_twice_changes_nothing(parts: list[str]) -> None:
    (once,) = PersonalData().replace(" ".join(parts))
    again = PersonalData()
    assert again.replace(once) == (once,)
    assert not again.counts


VALUES = ["jane@x.example", "+49 30 1234567", "GB82WEST12345698765432", "078-05-1120", "Müller", "4111 1111 1111 1111"]
AROUND = st.sampled_from(["", " ", "x", "Dear ", "Herr ", ", ", "SSN ", "\n", "7", "-", "(", "电话", ".", "Tel. "])


@given(st.data())
def test_what_is_replaced_on_one_side_is_the_same_placeholder_on_the_other(data: st.DataObject) -> None:
    value = data.draw(st.sampled_from(VALUES))
    sides = ["".join(data.draw(st.tuples(AROUND, st.just(value), AROUND))) for _ in range(2)]
    source, target = PersonalData().replace(f"{value} Mr. {value}, {sides[0]}", f"{sides[1]} and {value} too")
    placeholder = source.partition(" ")[0]
    assert placeholder.startswith("[")
    assert f"and {placeholder} too" in target


def test_a_number_that_a_text_has_is_taken() -> None:
    assert PersonalData().replace("[EMAIL_1] a@x.example", "a@x.example") == ("[EMAIL_1] [EMAIL_2]", "[EMAIL_2]")


def test_a_list_of_names_counts_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("# people\nJane\nVan der Berg\n\n王伟\n", encoding="utf-8")
    personal = PersonalData(NameList.read(str(tmp_path / "names.txt")))
    assert personal.replace("Jane's JANE janet Janet jane", "Van der Berg和王伟说") == (
        "[NAME_1]'s [NAME_1] janet Janet jane",
        "[NAME_2]和[NAME_3]说",
    )


@pytest.mark.parametrize(
    ("content", "said"), [(None, "no such file"), ("#\n", "has no names"), ("J\n", "'J' is no name")]
)
def test_a_list_of_names_that_is_none(content: str | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "names.txt").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        NameList.read(str(tmp_path / "names.txt"))


def test_a_list_that_changes_is_read_anew(tmp_path: Path) -> None:
    """What is kept of a large corpus was read with the lists as they were then: names, and what is forgotten."""
    names, gone = tmp_path / "names.txt", tmp_path / "gone.txt"
    fields = {"train": ["x"], "privacy": "replace", "name_list": str(names), "exclude": str(gone)}
    section, seen = CorpusSection.model_validate(fields), set()
    for first, second in (("Jane", "a"), ("Joan", "a"), ("Joan", "b")):
        names.write_text(first, encoding="utf-8")
        gone.write_text(second, encoding="utf-8")
        recipe = check_recipe({"name": "a", "corpus": fields}, "recipe")
        kept = KeptShards(tmp_path, section, False).folder(Shard("train", ()))
        seen.add((CORPUS.key(recipe, [""]), kept))
    assert len({key for key, _ in seen}) == len({kept for _, kept in seen}) == 3


def test_an_excluded_text_may_be_listed_as_corpora_hold_it(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(
        "".join(json.dumps({"source": s, "target": t}) + "\n" for s, t in [*many(200), ("ask jane@x.example", "y")])
    )
    for number, line in enumerate(("ask jane@x.example", "ask [EMAIL_1]")):
        (tmp_path / "gone.txt").write_text(line, encoding="utf-8")
        assert ExcludedTexts.read(tmp_path / "gone.txt", "x").has("ask [EMAIL_1]")
        out = tmp_path / str(number)
        out.mkdir()
        files = {"train": [str(tmp_path / "train.jsonl")], "exclude": str(tmp_path / "gone.txt")}
        assert built(out, **files, privacy="replace")["rejected"] == {"excluded": 1}


def test_rows_that_cannot_be_read_hide_nothing(tmp_path: Path) -> None:
    rows = "".join(json.dumps({"source": s, "target": t}) + "\n" for s, t in many(200))
    (tmp_path / "train.jsonl").write_text(rows + '{"source": "j\\u0061ne\\u0040mail.example\n', encoding="utf-8")
    (tmp_path / "out").mkdir()
    built(tmp_path / "out", train=[str(tmp_path / "train.jsonl")], privacy="replace")
    (text,) = pd.read_parquet(tmp_path / "out" / "rejects.parquet")["source"]
    assert text == '{"source": "[EMAIL_1]'


@given(st.text(max_size=40), st.sampled_from(["jane.doe@mail.example", "+49 30 1234567", "DE89370400440532013000"]))
def test_an_excerpt_has_no_half_of_an_address_or_number(before: str, value: str) -> None:
    (shown,) = PersonalData().replace(excerpt(f"{before} {value} and more of it"))
    assert not [at for at in range(4, len(value)) if value[:at] in shown.replace(before, "")]


def test_nothing_that_is_written_has_it(tmp_path: Path) -> None:
    secret = "jane@mail.example"
    rows = [*many(200), (f"write to {secret}", f"schreib an {secret}"), (f"{secret} " * 100, "x"), (secret, "")]
    table = "source\ttarget\n" + "".join(f"{source}\t{target}\n" for source, target in rows)
    (tmp_path / "train.tsv").write_text(table + f"{secret}\tx\tone too many\n", encoding="utf-8")
    (tmp_path / "test.tsv").write_text(f"source\ttarget\nask {secret}\tx\n", encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    files = {"train": [str(tmp_path / "train.tsv")], "test": [str(tmp_path / "test.tsv")]}
    facts = built(out, **files, privacy="replace")
    assert facts["replaced"] == {"EMAIL": 105}
    written = [*(pd.read_parquet(path).to_json() for path in out.glob("*.parquet")), json.dumps(facts)]
    assert len(written) == 5
    assert not [text for text in written if "jane" in text]
    assert "schreib an [EMAIL_1]" in "".join(written)
