"""Whatever stands in a recipe, an override or the line of a grid: it is a recipe, or one sentence that says why not."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqloom.corpus.sources import locate
from seqloom.errors import UserError
from seqloom.recipe.override_grid import combinations
from seqloom.recipe.recipe_loader import LARGEST, change_recipe, check_recipe, check_section, load_recipe
from seqloom.recipe.schema import DecodingSection, Recipe

SMALL = "name: small\ncorpus: {train: [pairs.tsv]}\n"

SCALARS = [
    *("!!int abc", "!!float abc", "!!float ''", "!!int ''", "!!bool maybe", "!!timestamp abc", "!!null x"),
    *("!!int [1]", "!!binary '%%%'", "!!binary aGVq", "!!binary /w==", "!!python/object:os.system x"),
    *("!own x", "!<tag:x> y", "!!x", "2020-13-45", "2020-01-01 25:61:61", "2020-01-01T00:00:00+99:99"),
    *("2026-01-31", "0000-00-00", "9999-12-31 23:59:59Z", "0x_", "0b_", "0o_", "0_", "08"),
    *("0x" + "f" * 9000, "0b" + "1" * 9000, "9" * 5000, "9999999999999999999", "-" + "9" * 400, "1:1:1"),
    *(":".join(["59"] * 400), ":".join(["59"] * 400) + ".5", "1e999", ".nan", "-.inf", "1_0", "+.5", "._"),
    *("~", "", "=", "<<", "yes", "no", "null", "'\\0'", '"\\0"', '"\\ud800"', '"\\U99999999"', '"\\x"'),
    *('"\\q"', "`x", "@x", "%x", "&a", "*a", "*nobody", "&a *a", "|", ">", "|9", "? x", "- x", "{", "}"),
    *("[", "]", "[[[]]]", "{a: 1, a: 2}", "!!set {a, b}", "!!omap [a: 1, b: 2]", "!!omap [1]"),
    *("!!pairs [a: 1]", "!!set [1]", "!!map x", "!!seq x", "!!str {}", "{<<: 1}", "{<<: [1]}"),
    *("{<<: {a: 1}}", "{<<: [{a: 1}, {a: 2}]}", "{? [1]: 2}", "{? {a: 1}: 2}", "{.nan: 1}", "{~: 1}"),
    *("&a [*a]", "&a {a: *a}", "&a {<<: *a}", "{1: 2}", "{2026-01-31: 1}", "{!!binary aGVq: 1}"),
    *("[" * 200, "{a: " * 200, "x" * 5000, "a/" * 3000, "\tx", "x\ty", "x # y", "x\x85y", "x\u2028y"),
    *("\ufeffx", "ü", "😀", "--- x", "...", "a: b: c"),
]  # fmt: skip
FIELDS = [
    *("", "name", "task", "corpus", "training", "corpus.train", "corpus.source_column", "training.epochs", "model"),
    *("training.learning_rate", "registry.description", "vectors.source_file", "model.bidirectional", "decoding.seed"),
    *("training.start_from", "training.start_encoder_from", "corpus.source_language", "evaluation.metric", "x"),
]


def laughs(number: int) -> str:
    """Nine times what the line before means."""
    return ", ".join([f"*x{number - 1}"] * 9)


TEXTS = {
    "nothing": "",
    "two documents": f"{SMALL}---\n{SMALL}",
    "an end": f"{SMALL}...\n",
    "a directive": f"%YAML 1.1\n---\n{SMALL}",
    "another version": f"%YAML 9.9\n---\n{SMALL}",
    "a version of many digits": f"%YAML {'9' * 5000}.1\n---\n{SMALL}",
    "a handle that leads nowhere": f"%TAG ! tag:x\n---\n!x\n{SMALL}",
    "laughs": SMALL + "x0: &x0 [lol]\n" + "".join(f"x{n}: &x{n} [{laughs(n)}]\n" for n in range(1, 30)),
    "merged laughs": SMALL + "x0: &x0 {a: 1}\n" + "".join(f"x{n}: &x{n} {{<<: [{laughs(n)}]}}\n" for n in range(1, 30)),
    "laughs as a key": SMALL + "x0: &x0 [lol]\n" + f"x1: &x1 [{laughs(1)}]\n? [*x1, *x1]\n: 1\n",
    "deep in blocks": "".join(f"{' ' * n}a:\n" for n in range(400)),
    "deep in lines": "- " * 3000,
    "control characters": SMALL + "task: \x07\n",
    "an escape": SMALL + "task: \x1b[31m\n",
    "a key of the list kind": "? [a]\n: 1",
    "number as name": "1: 2",
}  # fmt: skip


def is_well(text: str) -> None:
    """A sentence: one line that can be shown anywhere, and is not too long to be read."""
    assert text == text.encode("utf-8").decode()
    assert "\n" not in text
    assert len(text) < 6000  # the name of a file may be as long as systems allow


def loads_or_tells(path: Path, *overrides: str) -> Recipe | None:
    try:
        recipe = load_recipe(path, overrides)
        locate(recipe.corpus, path.parent)
    except UserError as mistake:
        is_well(str(mistake))
        return None
    return recipe


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("odd") / "recipe.yaml"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_odd_texts(text: str, file: Path) -> None:
    for odd in (text, f"{SMALL}registry:\n  description: {text}"):
        file.write_text(odd, encoding="utf-8")
        loads_or_tells(file)


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda scalar: ascii(scalar)[:30])
def test_odd_values_in_every_field(scalar: str, file: Path) -> None:
    small = change_recipe(check_recipe({"name": "a", "corpus": {"train": ["x"]}}, "a"), [])
    file.write_text(SMALL)
    for field in FIELDS:
        loads_or_tells(file, f"{field}={scalar}")
        for of in (lambda line: change_recipe(small, [line]), lambda line: combinations([line])):
            try:
                of(f"{field}={scalar}")
            except UserError as mistake:
                is_well(str(mistake))
    for key in ("description: ", "? ", "- ", "", "<<: "):
        file.write_text(f"{SMALL}registry: \n  {key}{scalar}\n", encoding="utf-8")
        loads_or_tells(file)


BITS = st.sampled_from(
    [*SCALARS, *" \n\t:-?,[]{}#&*!|>'\"%@`", "\n  ", ": ", "- ", "&a ", "*a", "<<: ", "a: ", "name: ", "corpus: "]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(BITS, st.text(max_size=4)), max_size=8).map("".join))
def test_anything_at_all(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    loads_or_tells(file)
    file.write_text(SMALL)
    loads_or_tells(file, text, f"training.epochs={text}")


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        pytest.param(SMALL.encode("utf-16"), ["give a UTF-8 YAML file"], id="UTF-16"),
        pytest.param(b"\xff\xfe", ["give a UTF-8 YAML file"], id="two bytes"),
        pytest.param(b"#" * (LARGEST + 1), ["which no recipe has"], id="huge"),
        pytest.param(b"\0" * 100, ["line 1", "control character '\\x00'"], id="zeros"),
        pytest.param(b"name: a\ncorpus:\n\ttrain: [x]\n", ["line 3", "use spaces"], id="a tab"),
        pytest.param(b"name: a\n \tcorpus: 1\n", ["line 2", "use spaces"], id="a space and a tab"),
        pytest.param(b"name: a\ncorpus:\n  train: [x]\n\ttest: [y]\n", ["line 4", "use spaces"], id="a tab later"),
        pytest.param(b"name: a\x07\n", ["line 1", "control character"], id="a bell"),
        pytest.param(b"name: 2020-13-45\n", ["line 1", "2020-13-45", "read as a date", "quotes"], id="month 13"),
        pytest.param(b"name: a\n---\nname: b\n", ["line 2", "another document"], id="two documents"),
        pytest.param(b"a: 9999999999999999999999\n", ["line 1", "over 18 digits"], id="a long number"),
        pytest.param(b"a: &a [*a]\n", ["line 1", "an alias within what it stands for"], id="a circle"),
        pytest.param(b"*" + b"f" * 9000, ["line 1", "undefined alias 'ffff", "…"], id="a long alias"),
    ],
)  # fmt: skip
def test_the_sentence_of(content: bytes, parts: list[str], file: Path) -> None:
    file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_recipe(file)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_a_mark_of_byte_order_and_windows_lines_are_no_mistake(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert load_recipe(file).name == "small"


@pytest.mark.parametrize("place", ["", "/dev/zero", "nothing.yaml", "a\0b", "x" * 5000, "\udcff", "recipe.yaml/x"])
def test_a_place_that_is_no_file(place: str, file: Path) -> None:
    file.write_text(SMALL)
    with pytest.raises(UserError) as caught:
        load_recipe(file.parent / place)
    is_well(str(caught.value))


def test_aliases_and_merges_as_people_use_them(file: Path) -> None:
    file.write_text("name: a\ncorpus: {train: &files [x.tsv], test: *files}\ntraining: {<<: {epochs: 3}, seed: 2}\n")
    recipe = load_recipe(file)
    assert (recipe.corpus.test, recipe.training.epochs, recipe.training.seed) == (["x.tsv"], 3, 2)


def _deep(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


ODD = [10**6000, -(10**6000), _deep(20_000), "\ud800", "a\0b", float("nan"), b"\xff", object()]


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("field", ["beam_size", "method", "temperature", "x"])
def test_values_that_no_yaml_says(field: str, value: object) -> None:
    """Parameters of a request come as JSON."""
    with pytest.raises(UserError) as caught:
        check_section(DecodingSection, {field: value}, "params")
    is_well(str(caught.value))


def test_a_mistake_can_be_shown_anywhere() -> None:
    assert str(UserError("no key \ud800 here")) == r"no key \ud800 here"
    name = os.fsdecode(b"na\xefve")
    assert str(UserError(name)) == r"na\udcefve"
    assert str(UserError("\x1b[2J gone")) == r"\x1b[2J gone"
    assert str(UserError("Größe 大小 😀")) == "Größe 大小 😀"
