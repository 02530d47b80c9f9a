"""`seqloom corpus preview`: JSON on stdout, tables for people on stderr, and nothing written."""

import json
from pathlib import Path

import pytest

from seqloom.cli import main

RECIPE = "name: it\ntask: translation\ncorpus:\n  train: [train.tsv]\n"
ROWS = [
    *((f"sentence {n}", f"Satz {n}") for n in range(300)),
    ("<b>bold</b>", "<i>x</i>"),
    ("same", "Same"),
    ("<p>", "x"),
]


@pytest.mark.parametrize(("filters", "suggested"), [("[no_copy, no_html]", False), ("[]", True)])
def test_a_preview_is_of_the_filters_of_the_recipe_or_of_the_usual_ones(
    filters: str, suggested: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))
    table = "".join(f"{source}\t{target}\n" for source, target in [("source", "target"), *ROWS])
    (tmp_path / "train.tsv").write_text(table, encoding="utf-8")
    (tmp_path / "it.yaml").write_text(RECIPE, encoding="utf-8")
    options = ["-o", f"corpus.filters={filters}", "--rows", "302", "--json"]
    monkeypatch.setattr("sys.argv", ["seqloom", "corpus", "preview", "it.yaml", *options])
    with pytest.raises(SystemExit) as stop:
        main.main()
    out, err = capfd.readouterr()
    assert stop.value.code == 0
    told = json.loads(out)
    assert (told["read"], told["suggested"]) == (302, suggested)
    dropped = {each["name"]: each["dropped"] for each in told["outcomes"]}
    assert (dropped["no_copy"], dropped["no_html"]) == (1, 1)
    assert "of the first 302 rows of train are kept" in err
    assert "train.tsv line 302" in err
    assert ("has no filters" in err) == suggested
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["it.yaml", "train.tsv"]
