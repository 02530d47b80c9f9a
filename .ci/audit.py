"""Whether a pinned version has a known advisory: pip-audit over locks/, and plainly what it could not find out.

pip install pip-audit && python .ci/audit.py        exit code 0: none known; 1: some are; 3: nobody could be asked
"""

import json
import subprocess
import sys
from pathlib import Path

LOCKS = Path(__file__).parents[1] / "locks"


def main() -> None:
    """Print what is known, and exit accordingly."""
    files = [word for name in ("run.txt", "develop.txt", "docs.txt", "torch.txt") for word in ("-r", str(LOCKS / name))]
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--format", "json", *files]
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.stdout.startswith("{"):
        print(f"nothing was checked: pip-audit could not ask anybody ({done.stderr.strip().splitlines()[-1]})")
        sys.exit(3)
    found = json.loads(done.stdout)["dependencies"]
    checked = [one for one in found if "skip_reason" not in one]
    bad = [one for one in checked if one["vulns"]]
    for one in bad:
        for advisory in one["vulns"]:
            fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
            print(f"{one['name']} {one['version']}: {advisory['id']}, mended in {fixed}")
    print(f"{len(checked)} of {len(found)} pinned versions checked, {len(bad)} with a known advisory")
    if len(checked) < len(found):
        print(
            f"nobody could be asked about the other {len(found) - len(checked)}: run this where pypi.org can be reached"
        )
    sys.exit(1 if bad else 3 if len(checked) < len(found) else 0)


if __name__ == "__main__":
    main()
