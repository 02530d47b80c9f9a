"""Personal data is replaced by type, before anything is written, and what only looks like it stays."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.personal_data import PersonalData

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
