"""A training that an upgrade of a library interrupts."""

from pathlib import Path

from seqloom.training.library_version_check import interrupted_elsewhere, note_versions

OLD, NEW = {"torch": "2.12.1", "numpy": "2.4"}, {"torch": "2.13.0", "numpy": "2.4"}


def test_what_stopped_under_another_torch_is_told(tmp_path: Path) -> None:
    before, now, never, other = (tmp_path / f"{name}.work" for name in ("before", "now", "never", "other"))
    for workspace, kin, versions in ((before, "a", OLD), (never, "a", OLD), (other, "b", OLD), (now, "a", NEW)):
        workspace.mkdir()
        note_versions(workspace, kin, versions)
    for workspace in (before, other, now):
        (workspace / "step-000000040-epoch-00002").mkdir()
    [told] = interrupted_elsewhere(now, "a", NEW)
    assert told.startswith("the same training stopped at step-000000040-epoch-00002 with torch 2.12.1; ")
    assert "here is torch 2.13.0, so it begins anew" in told
    assert str(before) in told
    assert "numpy" not in told
    assert not list(interrupted_elsewhere(before, "c", OLD))
