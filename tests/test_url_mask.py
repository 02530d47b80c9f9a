"""No secret of a URL comes through, wherever the URL stands."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection
from seqloom.url_mask import MASK, masked, masked_url, revealed

CANARY = "c4n4ry-s3cret"
SECRETS = st.text(st.characters(min_codepoint=33, exclude_characters="&;#=/?@:${}"), min_size=1).map(CANARY.__add__)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz-_X", min_size=1)
PLACES = st.sampled_from(
    [
        "https://h/a.tsv?{n}={s}",
        "http://h:8/a?x=1&{n}={s}&y=",
        "https://h?{s}",
        "https://h/a?{n}={s}#sha256=" + "0" * 64,
    ]
)


@settings(deadline=None)
@given(PLACES, NAMES, SECRETS)
def test_a_recipe_never_holds_one(place: str, name: str, secret: str) -> None:
    url = place.format(n=name, s=secret)
    if any("\ud800" <= letter <= "\udfff" for letter in secret):  # half a character is in no address
        with pytest.raises(ValidationError):
            CorpusSection(train=[url])
        return
    [kept] = CorpusSection(train=[url]).train
    assert CANARY not in kept
    assert CorpusSection.model_validate_json(CorpusSection(train=[kept]).model_dump_json()).train == [kept]
    assert revealed(kept) == url


@settings(deadline=None)
@given(PLACES, NAMES, st.from_regex(r"[A-Za-z0-9%+/_.~-]{1,30}", fullmatch=True).map(CANARY.__add__))
@pytest.mark.parametrize("sentence", ["{}: is not there", "see {} (or not)", "override a=[{}, '{}']", '{{"{}"}}'])
def test_a_sentence_never_tells_one(sentence: str, place: str, name: str, secret: str) -> None:
    url = place.format(n=name, s=secret)
    told = str(UserError(sentence.format(url, url)))
    assert CANARY not in told
    assert masked(told) == told


@settings(deadline=None)
@given(SECRETS, SECRETS)
def test_two_sources_are_told_apart(one: str, other: str) -> None:
    assert (masked_url(f"https://h?t={one}") == masked_url(f"https://h?t={other}")) == (one == other)


@pytest.mark.parametrize("scheme", ["http", "HTTPS", "s3", "postgresql+psycopg2", "ftp"])
def test_who_is_before_the_at_sign(scheme: str) -> None:
    for user in (CANARY, f"ann:{CANARY}", f"{CANARY}:"):
        told = masked(f"{scheme}://{user}@host:1/a?b=c@d is away")
        assert CANARY not in told
        assert re.fullmatch(rf"{re.escape(scheme)}://\S+@host:1/a\?b={MASK.pattern} is away", told)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/a.tsv",
        "https://example.org/a.tsv?download=1&raw=true&v=&dl",
        "https://example.org/a.tsv?token=${TOKEN}&sig=${A}${B}",
        "https://${USER}:${WORD}@example.org/a.tsv#sha256=" + "0" * 64,
        "http://127.0.0.1:4200/api: no answer",
        "models:/phrases@champion",
        "package://name/a?b",
        "sqlite:////home/ann/mlflow.db",
        "what? mail ann@example.org",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked(text) == text


def test_of_another_process_only_the_mask_is_known() -> None:
    url = "https://h/a?t=sha256-0123456789ab"
    assert revealed(url) == url
