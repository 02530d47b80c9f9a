"""What the gate decided, and who is champion now."""

from collections.abc import Iterator

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.applications import application_of
from tasks.headlines import VERDICTS
from tasks.pages.markdown import text


def sections(manifest: Manifest) -> Iterator[str]:
    """The verdict with its reason, the champion, and where the rules are shown one by one."""
    facts = manifest.facts
    yield f"Version **{facts['version']}** {VERDICTS[facts['verdict']]}: {text(facts['why'])}\n"
    champion = facts["champion"]
    if not champion:
        yield "There is no champion.\n"
    elif champion["version"] != facts["version"]:
        judged = application_of(facts["task"]).judged.items()
        scores = " and ".join(f"{measure.label} {measure.shown(champion[name])}" for name, measure in judged)
        yield f"Champion is version **{champion['version']}**, with {scores} when it was registered.\n"
    yield "Every rule, with what was measured for it, is in the table *gate-evidence* of the run that judged it.\n"
