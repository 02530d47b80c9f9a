"""What is installed is what was tested, file by file."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)


def name_of(written: str) -> str:
    return re.sub(r"[-_.]+", "-", written).lower()


def test_every_pin_has_digests_and_nothing_else_is_installed() -> None:
    wanted = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    locks = [file.read_text(encoding="utf-8") for file in (ROOT / "locks").glob("*.txt")]
    found = [(name_of(name), version) for text in locks for name, version, _ in PIN.findall(text)]
    assert len(found) == sum(text.count("==") for text in locks), "a pin without a digest"
    assert sorted(found) == sorted((name_of(name), version) for name, version in wanted.items())


def test_what_builds_seqloom_is_pinned_as_well() -> None:
    [backend] = re.findall(r'requires = \["(\S+)"\]', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert backend in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


def test_make_and_the_image_ask_for_them() -> None:
    for name, parts in (("Makefile", 3), ("Dockerfile", 2)):  # of the Makefile one is for the docs site
        text = (ROOT / name).read_text(encoding="utf-8")
        installs = re.findall(r"pip install (.*)", text)
        assert [one for one in installs if "--editable" in one or "--no-build-isolation" in one]
        assert sum("--require-hashes --no-deps" in one for one in installs) == parts
        assert all("--no-build-isolation" in one for one in installs if "--constraint" in one)
