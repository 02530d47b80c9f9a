"""Answers in turns: the peers' side of the protocol of `bench.decoding_speed`.

A peer says on its stdout, a JSON object a line, first that it is ready; a line on its stdin is its next turn, the parts
to answer one after the other, each a list of segmented texts; then it says how long that took it and what it wrote.
Only the standard library is needed here, for this runs in the peers' environments too.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.turns import take_stdout

TOKENS = 15  # of an answer, about as many as a sentence of Multi30k has; every search is forced to write so many
BEAM = 5


def answer_in_turns(prepare: Callable[[str, Path, str], Callable[[list[str]], Sequence[int]]]) -> None:
    """Answer until stdin ends by what `prepare` returns, which maps texts to the numbers of tokens of their answers.

    `prepare` gets model and folder, the arguments of the process, and an empty folder to write to.
    """
    stdout = take_stdout()
    with tempfile.TemporaryDirectory() as scratch:
        answer = prepare(sys.argv[1], Path(sys.argv[2]), scratch)
        print(json.dumps({}), file=stdout, flush=True)
        for line in sys.stdin:
            started = time.process_time()
            lengths = [length for part in json.loads(line) for length in answer(part)]
            message = {"seconds": time.process_time() - started, "tokens": sum(lengths)}
            print(json.dumps(message), file=stdout, flush=True)
