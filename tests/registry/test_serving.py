"""`mlflow models serve`, as another team runs it: over HTTP, many at once, and with what they get wrong."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from seqloom.decoding.generator import Generator
from seqloom.registry.mlflow_runs import FlowRun, open_run
from seqloom.registry.mlflow_tracking import connect
from seqloom.registry.versions import register_version
from tests.registry.serving import asked, post, predictions, serving
from tests.registry.tiny import corpus, evaluation, recipe_named

TEXTS = ["a small dog", "", "dog dog dog", "ein kleiner Hund"]


@pytest.fixture(scope="module")
def server(home: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    client = connect(home)
    recipe = recipe_named("over-http")
    run_id = open_run(client, recipe, "key", FlowRun("flow", "flow"), corpus(), home)
    register_version(client, recipe, run_id, "key", checkpoint, evaluation())
    client.set_registered_model_alias("over-http", "champion", "1")
    told = {"MLFLOW_TRACKING_URI": client.tracking_uri}
    with serving("models:/over-http@champion", tmp_path_factory.mktemp("server"), told) as address:
        yield address


def test_every_format_that_mlflow_takes(server: str, checkpoint: Path) -> None:
    expected = Generator.load(checkpoint).generate(TEXTS)
    bodies: list[dict[str, Any]] = [
        {"dataframe_records": [{"source": text} for text in TEXTS]},
        {"dataframe_split": {"columns": ["source"], "data": [[text] for text in TEXTS]}},
        {"inputs": {"source": TEXTS}},
        {"instances": [{"source": text} for text in TEXTS]},
    ]
    for body in bodies:
        status, answer = post(server, json.dumps(body).encode())
        assert (status, predictions(answer)) == (200, expected)
    csv = "source\n" + "\n".join(f'"{text}"' for text in TEXTS)
    assert predictions(post(server, csv.encode(), "text/csv")[1]) == expected


def test_params_over_http(server: str) -> None:
    status, answer = post(server, asked(TEXTS, n_best=2, return_scores=True, return_attention=True, max_length=3))
    assert status == 200
    for row, text in zip(answer["predictions"], TEXTS, strict=True):
        assert row["prediction"] == row["predictions"][0]
        assert row["score"] == row["scores"][0]
        assert len(row["attention"]) == len(row["target_tokens"])
        assert all(len(look) == len(row["source_tokens"]) for look in row["attention"])
        assert bool(row["attention"]) == bool(text)


def test_no_text_is_no_error(server: str) -> None:
    nothing = {"prediction": "", "truncated": False}
    assert post(server, asked([None, ""])) == (200, {"predictions": [nothing, nothing]})


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(b"{", "valid JSON", id="no JSON"),
        pytest.param(b"\xff", "valid JSON", id="no UTF-8"),
        pytest.param(b"", "valid JSON", id="nothing"),
        pytest.param(b'["a"]', "must be a JSON dictionary", id="a list"),
        pytest.param(b'{"text": ["a"]}', "must be a JSON dictionary with exactly one", id="no input"),
        pytest.param(b'{"dataframe_records": [{"text": "a"}]}', "missing inputs ['source']", id="no source"),
        pytest.param(asked(["a", ["b"]]), "row 1 is a list, not a text", id="a list for a text"),
        pytest.param(asked(["a"], beam_size=0), "params: beam_size: input should be greater than", id="no beam"),
        pytest.param(asked(["a"], beam_size="wide"), "beam_size", id="a word for a number"),
        pytest.param(asked(["a"], n_best=99), "n_best is 99 and beam_size", id="too many answers"),
    ],
)
def test_a_mistake_is_400_and_a_sentence(server: str, body: bytes, sentence: str) -> None:
    status, answer = post(server, body)
    assert status == 400
    assert sentence in answer["message"]
    assert answer["error_code"]
    assert post(server, asked(["a small dog"]))[0] == 200


def test_fifty_at_once_each_get_their_own(server: str, checkpoint: Path) -> None:
    texts = [" ".join((TEXTS[0], TEXTS[2], TEXTS[3])[n % 3].split()[: 1 + n % 4] * (1 + n % 5)) for n in range(50)]
    generator = Generator.load(checkpoint)
    with ThreadPoolExecutor(50) as pool:
        for size in (1, 3):
            options = {"beam_size": size, "max_length": 8}
            decoding = recipe_named("over-http").decoding.model_copy(update=options)
            expected = [found[0].text for found in generator.answer(texts, decoding)]
            answers = list(pool.map(lambda text, o=options: post(server, asked([text], **o)), texts))
            assert {status for status, _ in answers} == {200}
            assert [predictions(answer)[0] for _, answer in answers] == expected
