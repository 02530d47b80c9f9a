"""What the gate decided, and who is champion now."""

from collections.abc import Iterator

from seqloom.artifact.manifest import Manifest
from tasks.pages.markdown import table, text


def sections(manifest: Manifest) -> Iterator[str]:
    """The verdict with its reason, and the champion; the rules one by one are the table `gate-evidence`."""
    facts = manifest.facts
    yield f"Version **{facts['version']}**: {text(facts['verdict'])}. {text(facts['why'])}\n"
    champion = facts["champion"]
    rows = [(name, value) for name, value in (champion or {"version": "none"}).items()]
    yield table(("champion", "now"), rows, (1,))
