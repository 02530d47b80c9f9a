"""The HTML reports in a real browser: wide and narrow, light and dark, readable, and nothing fetched or run."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from seqloom.decoding.explanation import Explanation
from seqloom.evaluation import ATTENTION_FILE
from seqloom.reports.answer_report import answer_report
from seqloom.reports.comparison_report import comparison_report
from seqloom.reports.corpus_drift import drift_of
from seqloom.reports.corpus_report import corpus_report
from seqloom.reports.evaluation_folder import EvaluationFolder
from seqloom.reports.version_report import version_report
from tests.reports.evaluated_folder import HOSTILE, evaluated
from tests.reports.test_corpus_report import corpus_of

PAGES = ("version", "two versions", "corpus", "answer")
ENOUGH = 4.5  # contrast of text that WCAG 2.2 asks for at level AA
# Each text on the page with the contrast of its color and what is behind it, both mixed with what they let through.
FAINT = """enough => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const over = colors => {
    canvas.clearRect(0, 0, 1, 1);
    for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1) }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const linear = part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
  const light = rgb => rgb.reduce((sum, part, at) => sum + linear(part / 255) * [.2126, .7152, .0722][at], 0);
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || node.closest("svg") || !node.checkVisibility()) continue;
    const behind = [];
    for (let each = node; each; each = each.parentElement) behind.unshift(getComputedStyle(each).backgroundColor);
    const lights = [over(behind), over([...behind, getComputedStyle(node).color])].map(light);
    const contrast = (Math.max(...lights) + .05) / (Math.min(...lights) + .05);
    if (contrast < enough) found.push([texts.currentNode.data.trim().slice(0, 40), Math.round(contrast * 100) / 100]);
  }
  return found;
}"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
EMPTY_PICTURES = """() => [...document.querySelectorAll("svg, img")]
  .filter(each => each.checkVisibility() && !(each.getBoundingClientRect().width > 4)).length"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One page of each kind, of hostile text and several scripts."""
    place = tmp_path_factory.mktemp("pages")
    good, bad = evaluated(place / "good", 2), evaluated(place / "bad", 20)
    maps = [{"method": "attention", "source": ["x", HOSTILE], "target": ["y"], "weights": [[0.2, 0.8]]}]
    (good.folder / ATTENTION_FILE).write_text(json.dumps(maps), encoding="utf-8")
    first = corpus_of(place / "first", [(f"the red house {n}", f"das rote Haus {n}") for n in range(60)])
    second = corpus_of(place / "second", [(f"{HOSTILE} a@b.org {n} " + "long " * n, f"一句话 {n}") for n in range(60)])
    verdict: dict[str, Any] = {"passed": False, "why": "BLEU fell", "findings": []}
    signed = Explanation("gradients", "y z", ["the", "عربي", HOSTILE], ["y", "z"], [[0.9, -0.4, 0.1], [0.2, 1.0, -1.0]])
    made = {
        "version": version_report(EvaluationFolder(good.folder, good.title, verdict, good.training)),
        "two versions": comparison_report(good, bad),
        "corpus": corpus_report(second, "Corpus of x", False, drift_of(first, second, "version 3", False)),
        "answer": answer_report("models:/x@champion", HOSTILE, signed),
    }
    for name, text in made.items():
        (place / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: place / f"{name}.html" for name in made}


@pytest.fixture(params=[1280, 390])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=["light", "dark"])
def window(request: pytest.FixtureRequest, browser: Browser, width: int) -> Iterator[Page]:
    scheme: Literal["light", "dark"] = request.param
    window = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    yield window
    window.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read(name: str, window: Page, pages: dict[str, Path]) -> None:
    errors: list[str] = []
    asked: list[str] = []
    window.on("console", lambda message: errors.append(message.text))
    window.on("pageerror", lambda error: errors.append(str(error)))
    window.on("request", lambda request: asked.append(request.url))
    window.goto(pages[name].as_uri())
    assert errors == []
    assert [url for url in asked if not url.startswith("data:")] == [pages[name].as_uri()]
    assert window.evaluate(TOO_WIDE) <= 0
    assert window.evaluate(EMPTY_PICTURES) == 0
    assert window.evaluate(FAINT, ENOUGH) == []
