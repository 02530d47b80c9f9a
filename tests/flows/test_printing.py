"""What commands print for programs is JSON, whatever a model makes of its text."""

import json
import math

import pytest

from seqloom.cli.stdio import print_json


def test_figures_that_are_none_are_null(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"scores": [-0.5, -math.inf, (math.nan, 1)], "by": {"a": math.inf}, "text": "–"})

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    told = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert told == {"scores": [-0.5, None, [None, 1]], "by": {"a": None}, "text": "–"}
