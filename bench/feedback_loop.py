"""The loop of docs/feedback.md by its own commands, on the demo's catalogs: `python -m bench.feedback_loop`.

A model of all of JupyterLab's catalogs but one is served, asked 300 messages of that one, and corrected with the
translations that the catalog has. Prints each command, what drifted, how good both versions are at old messages and at
messages of the new catalog that nobody asked or corrected, and what a client saw while the server changed its version.
"""

import argparse
import csv
import gettext
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any
from urllib.request import urlopen

from bench.paths import HOME, ROOT
from seqloom.recipe.pair_source import source_of_pairs
from tests.registry.serving import asked, asking, free_port, post

NAME, MODEL, NEW = "jupyterlab-en-zh", "models:/jupyterlab-en-zh@champion", "jupyterlab_git.mo"
ASKED, REVIEWED = 300, 150  # messages, rows
PAUSE = 0.2  # seconds between two requests of the client that never stops
SECONDS_AFTER = 10  # that it goes on after the version changed
NIGHTLY = (
    f"training.start_from={MODEL}", "training.epochs=6", "training.learning_rate=0.001", "training.model_soup=true",
    "registry.policy=not-worse", "registry.beat_baselines=false",
)  # fmt: skip


def main() -> None:
    """Go through the loop once; what is trained already is found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=HOME / "loop", help="of all that is written")
    parser.add_argument("-o", dest="changes", action="append", default=[], help="change of the recipe, both times")
    parser.add_argument("--nightly", action="append", default=[], help="change of the nightly recipe alone")
    options = parser.parse_args()
    folder: Path = options.folder
    os.environ["SEQLOOM_HOME"] = str(folder / "home")
    shutil.rmtree(folder / "asked", ignore_errors=True)  # of a loop before, whose client asked what nobody corrects
    new = catalogs(folder)
    requests, unseen = new[:ASKED], new[ASKED:]
    write_table(folder / "unseen.tsv", unseen)
    train = ("train", "recipes/demo.yaml", *changed(f"corpus.train=[{folder}/catalogs/*.mo]", *options.changes))
    log = ("--log", f"{folder}/asked")
    seqloom(*train)
    old = min(folder.glob("home/artifacts/corpus/*/test.parquet"), key=lambda file: file.stat().st_mtime)
    with serving(*log, "--follow", "5") as address:
        for source, _ in requests:
            post(f"{address}/invocations", asked([source]))
        seqloom("drift", MODEL, *log)
        seqloom("review", MODEL, *log, "--to", f"{folder}/review.csv", "--rows", str(REVIEWED))
        fill_in(folder / "review.csv", dict(requests))
        seqloom("corrections", f"{folder}/review.csv", *log, "--to", f"{folder}/corrections.jsonl")
        evaluate(old, folder / "unseen.tsv")
        source = source_of_pairs("corrections", folder / "corrections.jsonl", weight=3, test_share=0.3)
        with asking(address, [source for source, _ in unseen], PAUSE) as statuses:
            seqloom(*train, *changed(f"corpus.sources=[{source}]", *NIGHTLY, *options.nightly))
            move = champion_move()
            if move["instead_of"] is None:
                raise SystemExit("the gate refused the new version: nothing moved")
            while version_of(address) != move["version"]:
                time.sleep(0.2)
            time.sleep(SECONDS_AFTER)
    print(f"\na client that never stopped: {dict(Counter(statuses))} requests by status")
    show_swap(folder / "asked", move)
    evaluate(old, folder / "unseen.tsv")
    seqloom("history", NAME)


def evaluate(old: Path, unseen: Path) -> None:
    """Score the champion on test rows of the old catalogs, and on messages of the new one that nobody asked."""
    for file in (old, unseen):
        seqloom("evaluate", MODEL, str(file))


def catalogs(folder: Path) -> list[tuple[str, str]]:
    """Copy all catalogs but the new one to `folder`; return messages that this alone has, with their translations."""
    package = find_spec("jupyterlab_language_pack_zh_CN")
    if not (package and package.origin):
        raise SystemExit("the catalogs are missing: make installs them")
    (folder / "catalogs").mkdir(parents=True, exist_ok=True)
    known: dict[str, str] = {}
    for file in sorted(Path(package.origin).parent.glob("locale/zh_CN/LC_MESSAGES/*.mo")):
        if file.name == NEW:
            new = messages(file)
        else:
            shutil.copy(file, folder / "catalogs")
            known |= messages(file)
    fresh = [(source, target) for source, target in new.items() if source not in known]
    Random(1).shuffle(fresh)
    return fresh


def messages(file: Path) -> dict[str, str]:
    """Return the translations of a catalog's messages, without those that have plural forms or paragraphs."""
    with file.open("rb") as stream:
        found: dict[str, str] = vars(gettext.GNUTranslations(stream))["_catalog"]
    return {source: target for source, target in found.items() if isinstance(source, str) and 0 < len(source) <= 100}


def write_table(file: Path, pairs: list[tuple[str, str]]) -> None:
    """Write pairs as TSV."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter="\t").writerows([("source", "target"), *pairs])


def fill_in(review: Path, right: dict[str, str]) -> None:
    """Write the catalog's translations into the column target, as a person would."""
    with review.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with review.open("w", encoding="utf-8-sig", newline="") as stream:
        table = csv.DictWriter(stream, rows[0].keys())
        table.writeheader()
        table.writerows({**row, "target": right[row["source"]]} for row in rows)


def changed(*changes: str) -> list[str]:
    """Return the options that change a recipe so."""
    return [part for change in changes for part in ("-o", change)]


def seqloom(*arguments: str) -> None:
    """Print a command, and run it."""
    print(f"\n$ {shlex.join(('seqloom', *arguments))}", flush=True)
    subprocess.run(command(*arguments), cwd=ROOT, check=True)


def command(*arguments: str) -> list[str]:
    """Return the command line of this environment's seqloom."""
    return [str(Path(sys.executable).with_name("seqloom")), *arguments]


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """Serve the champion in the block; gives its address."""
    port = free_port()
    arguments = ("serve", MODEL, "--port", str(port), *options)
    print(f"\n$ {shlex.join(('seqloom', *arguments))} &", flush=True)
    server = subprocess.Popen(command(*arguments), cwd=ROOT)
    try:
        while server.poll() is None and not version_of(f"http://127.0.0.1:{port}"):
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def version_of(address: str) -> int:
    """Return the version that answers; 0 if none does yet."""
    try:
        with urlopen(f"{address}/ready", timeout=5) as answer:
            return int(json.load(answer)["version"])
    except OSError:
        return 0


def champion_move() -> dict[str, Any]:
    """Return the last move of the champion, as `seqloom history` tells it."""
    told = subprocess.run(command("history", NAME, "--json"), cwd=ROOT, check=True, stdout=subprocess.PIPE)
    moves: list[dict[str, Any]] = [event for event in json.loads(told.stdout)["events"] if event["what"] == "champion"]
    return moves[-1]


def show_swap(log: Path, move: dict[str, Any]) -> None:
    """Print the answers of each version, and the seconds from the move to the first answer of the new one."""
    rows = [json.loads(line) for file in sorted(log.glob("*.jsonl")) for line in file.open(encoding="utf-8")]
    print("answers by version:", dict(Counter(row["version"] for row in rows)))
    first = min(datetime.fromisoformat(row["time"]) for row in rows if row["version"] == move["version"])
    seconds = (first - datetime.fromisoformat(move["when"])).total_seconds()
    print(f"first answer of version {move['version']} {seconds:.1f} s after it became champion")


if __name__ == "__main__":
    main()
