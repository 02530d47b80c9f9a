"""The gate's evidence as a table, Markdown, sentences and HTML."""

from html import escape

from markdown_it import MarkdownIt

from seqloom.registry.checkpoint_folder import OWN_BACKEND
from seqloom.registry.gate import Verdict

COLUMNS = ("verdict", "rule", "difference (95 % interval)", "challenger", "champion")
COLUMNS_OF_A_BACKEND = ("verdict", "rule", "difference (95 % interval)", "this backend", "the version itself")
CELL_AT_MOST = 32  # characters of an example or an error; whole below the table
SENTENCE_AT_MOST = 200  # characters of a sentence

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #2e3440; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 } th, td { padding: .35rem .8rem; border-bottom: 1px solid #e6e8eb;
text-align: left; vertical-align: top } code, pre { background: #f4f5f7; padding: .1rem .3rem; border-radius: 3px }
pre code { padding: 0 }
"""


def table(verdict: Verdict) -> list[dict[str, str]]:
    """Return one row per rule, failures first, with cells short enough for a table of Prefect's UI."""
    columns = _columns(verdict)
    return [
        dict(
            zip(
                columns,
                (
                    finding.verdict,
                    finding.rule,
                    finding.difference,
                    _cut(finding.challenger),
                    _cut(finding.champion),
                ),
                strict=False,
            )
        )
        for finding in verdict.findings
    ]


def markdown(verdict: Verdict) -> str:
    """Return the whole page: the outcome, the table, and texts too long for its cells."""
    outcome = "holds every rule" if verdict.passed else "is refused"
    decoding = ", ".join(f"{name} {str(value)[:40]}" for name, value in verdict.decoding.items() if value != "")
    columns = _columns(verdict)
    rows = [dict.fromkeys(columns, "---"), *table(verdict)]
    lines = ["| " + " | ".join(columns) + " |", *("| " + " | ".join(map(_cell, row.values())) + " |" for row in rows)]
    return "\n".join(
        [
            f"# {title(verdict)}: {outcome}",
            "",
            *_outcome(verdict),
            "",
            *lines,
            "",
            *_whole_texts(verdict),
            f"Compared with {_against(verdict)}, on the same {verdict.rows:,} test rows with the same decoding"
            + (f" ({decoding})." if decoding else "."),
            "Intervals and probabilities are of paired bootstrap resampling, 1,000 times (Koehn 2004).",
            "",
        ]
    )


def in_sentences(verdict: Verdict) -> str:
    """Return a sentence per rule, shortened, for the narrow window in which a person approves."""
    sentences = [
        f"- **{finding.verdict}** {plain(_cut(finding.told, SENTENCE_AT_MOST))}" for finding in verdict.findings
    ]
    outcome = "holds every rule" if verdict.passed else "is refused"
    lines = [f"# {title(verdict)}: {outcome}", "", *_outcome(verdict), "", *sentences, ""]
    return "\n".join([*lines, f"Compared with {_against(verdict)}, on the same {verdict.rows:,} test rows.", ""])


def _outcome(verdict: Verdict) -> list[str]:
    """Return the failures, or the gain, as lines of Markdown; warnings after them."""
    warnings = [f"- warning: {plain(sentence)}" for sentence in verdict.warnings]
    if len(verdict.failures) > 1:
        return [*(f"- {plain(sentence)}" for sentence in verdict.failures), *warnings]
    return [f"{plain(verdict.why)}.", *(["", *warnings] if warnings else [])]


def _whole_texts(verdict: Verdict) -> list[str]:
    """Return in full the examples and errors that the table cuts."""
    texts = [
        f"- {finding.rule}: {plain(text)}"
        for finding in verdict.findings
        for text in (finding.challenger, finding.champion)
        if _cut(text) != text
    ]
    return [*texts, ""] if texts else []


def _cut(text: str, most: int = CELL_AT_MOST) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def plain(text: str) -> str:
    """Return text on one line with every Markdown character escaped."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#|~&" else letter for letter in " ".join(text.split()))


def title(verdict: Verdict) -> str:
    """Return the name, version and backend that were judged."""
    return f"{verdict.name}, version {verdict.version}" + (f" as {verdict.backend}" if verdict.backend else "")


def html(text: str, title: str) -> str:
    """Return Markdown as a self-contained HTML page, for the run's artifacts in MLflow."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>\n"


def _columns(verdict: Verdict) -> tuple[str, ...]:
    """Return the columns; the champion's is left out where there is no champion."""
    columns = COLUMNS_OF_A_BACKEND if verdict.backend else COLUMNS
    return columns if any(finding.champion for finding in verdict.findings) else columns[:-1]


def _against(verdict: Verdict) -> str:
    if verdict.backend:
        return f"the version itself ({OWN_BACKEND})"
    return f"the champion, version {verdict.champion}" if verdict.champion else "no champion: there was none"


def _cell(text: str) -> str:
    return plain(text) or " "
