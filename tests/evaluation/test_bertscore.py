"""BERTScore: known values of the matching, and the library's own where Transformers and bert-score are installed.

Both are extras that `make test` has not: pip install transformers bert-score, and run this file.
"""

import json
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from seqloom.artifact.cache_key import EVALUATION
from seqloom.errors import UserError
from seqloom.evaluation import stage
from seqloom.evaluation.bertscore import bertscore, matched
from seqloom.evaluation.bertscore_model import check_bertscore_model
from seqloom.evaluation.bertscore_summary import describe_bertscore
from seqloom.evaluation.perplexity import Likelihood
from seqloom.progress import unwatched
from seqloom.recipe.schema import EvaluationSection
from seqloom.registry.gate import share_findings
from seqloom.reports.version_report import EvaluationFolder, version_report
from tests.registry.tiny import recipe_named

WORDS = ["a", "small", "dog", "cat", "sits", "runs"]
ANSWERS = ["a small dog", "cat sits", "a cat runs a dog", "dog", "runs"]
REFERENCES = ["a dog", "cat sits", "small cat sits", "a small cat runs", "a"]


def test_known_values_of_the_matching() -> None:
    """Two words and a special token; the nearest to each is matched, special tokens count for nothing."""
    answer = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    reference = torch.tensor([[0.0, 1.0], [0.8, 0.6]])
    counts, theirs = torch.tensor([0.0, 1.0, 1.0]), torch.tensor([1.0, 1.0])
    precision, recall, f1 = matched(answer, counts, reference, theirs)
    assert precision == pytest.approx((1.0 + (0.6 * 0.8 + 0.8 * 0.6)) / 2)
    assert recall == pytest.approx((1.0 + (0.6 * 0.8 + 0.8 * 0.6)) / 2)
    assert f1 == pytest.approx(2 * precision * recall / (precision + recall))
    assert matched(answer, torch.zeros(3), reference, theirs) == (0, 0, 0)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT of two layers."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("bert") / "tiny-bert"
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {token: number for number, token in enumerate([*special, *WORDS])}
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    transformers.BertModel(config).save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel(vocabulary, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.save(str(folder / "tokenizer.json"))
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), special, strict=True))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 32, **names}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


@pytest.mark.parametrize("layer", [1, 2])
def test_it_is_the_librarys_own(encoder: Path, layer: int) -> None:
    bert_score = pytest.importorskip("bert_score")
    found = bertscore(ANSWERS, REFERENCES, encoder, layer, "cpu", unwatched)
    with warnings.catch_warnings(action="ignore"):  # theirs
        theirs = bert_score.score(ANSWERS, REFERENCES, model_type=str(encoder), num_layers=layer, device="cpu")
    expected = dict(zip(("precision", "recall", "f1"), (float(each.mean()) for each in theirs), strict=True))
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-4)


def test_the_last_layer_is_the_default_and_an_empty_answer_scores_nothing(encoder: Path) -> None:
    last, second = (bertscore(ANSWERS, REFERENCES, encoder, layer, "cpu", unwatched) for layer in (0, 2))
    assert last == second
    assert last["signature"].startswith("model:tiny-bert|sha256:")
    assert "|layer:2|idf:no|rescale:no|transformers:" in last["signature"]
    low, high = last["interval"]
    assert low <= last["f1"] <= high
    assert bertscore(["", "a"], ["a", "a"], encoder, 0, "cpu", unwatched)["f1"] == pytest.approx(0.5)
    assert bertscore(["a " * 99], ["a"], encoder, 0, "cpu", unwatched)["f1"] > 0
    with pytest.raises(UserError, match=r"bertscore_layer 3: the model in .* has 2 layers"):
        bertscore(["a"], ["a"], encoder, 3, "cpu", unwatched)


def test_a_pickle_is_never_read(encoder: Path, tmp_path: Path) -> None:
    for file in encoder.iterdir():
        (tmp_path / file.name.replace("model.safetensors", "pytorch_model.bin")).write_bytes(file.read_bytes())
    with pytest.raises(UserError, match=r"it lacks model.safetensors"):
        check_bertscore_model(EvaluationSection(bertscore_model=str(tmp_path)))
    (tmp_path / "model.safetensors").write_bytes(b"not tensors")
    with pytest.raises(UserError, match=r"bertscore_model .*: cannot be loaded"):
        bertscore(["a"], ["a"], tmp_path, 0, "cpu", unwatched)


def test_a_folder_that_is_none_and_a_library_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = EvaluationSection(bertscore_model=str(tmp_path))
    check_bertscore_model(EvaluationSection())
    with pytest.raises(UserError, match=r"lacks config.json, tokenizer.json, model.safetensors; .*bertscore_model"):
        check_bertscore_model(section)
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    monkeypatch.setattr("seqloom.evaluation.bertscore_model.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"needs Transformers: pip install 'seqloom\[bertscore\]'"):
        check_bertscore_model(section)


def test_other_weights_are_another_evaluation(tmp_path: Path) -> None:
    recipe = recipe_named("m", evaluation={"bertscore_model": str(tmp_path)})
    keys = set()
    for name in (
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ):  # the last one says where texts are cut
        for content in ("1", "2"):
            (tmp_path / name).write_text(content)
            keys.add(EVALUATION.key(recipe, ["corpus", "dataset", "training"]))
    assert len(keys) == 6


@pytest.mark.parametrize(("score", "passed"), [(0.91, True), (0.89, False), (None, None)])
def test_the_gate_may_ask_for_it(score: float | None, passed: bool | None) -> None:
    rules = recipe_named("m", registry={"bertscore": 0.9}).registry
    metrics: dict[str, Any] = {} if score is None else {"test/bertscore": score}
    assert [each.passed for each in share_findings(rules, metrics)] == [passed]


def test_it_is_told_in_a_sentence() -> None:
    signature = "model:tiny-bert|sha256:01234567|layer:2|idf:no|rescale:no|transformers:5.24.0"
    found = {"f1": 0.91234, "precision": 0.9, "recall": 0.92, "interval": [0.9, 0.93], "rows": 1200}
    told = describe_bertscore({**found, "signature": signature})
    assert told.startswith("BERTScore F1 0.9123 (95 %: 0.9000 to 0.9300), precision 0.9000, recall 0.9200, on 1,200 ")
    assert told.endswith(" rows by the vectors of tiny-bert, layer 2")


def test_it_stands_among_the_scores_and_in_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[Any] = []

    def scored(answers: list[str], references: list[str], folder: Path, layer: int, *_: Any) -> dict[str, Any]:
        compared.extend([answers, references, folder, layer])
        signature = "model:tiny-bert|sha256:0|layer:2|idf:no|rescale:no|transformers:5"
        return {"f1": 0.5, "precision": 0.5, "recall": 0.5, "interval": [0.4, 0.6], "rows": 2, "signature": signature}

    monkeypatch.setattr(stage, "bertscore", scored)
    rows = pd.DataFrame({"source": ["x 1", "y 2"], "target": ["a", "b"]})
    recipe = recipe_named("m", evaluation={"bertscore_model": "tiny-bert", "bertscore_layer": 2})
    asked = (lambda texts, _: {"prediction": list(texts)}), Likelihood(2.0, 0.5, 10)
    train = pd.DataFrame({"source": ["other words"], "target": ["andere"]})
    facts = stage.evaluate(*asked, train, rows, recipe, [], tmp_path, unwatched)
    assert compared == [["x 1", "y 2"], ["a", "b"], Path("tiny-bert"), 2]
    assert facts["metrics"]["test/bertscore"] == 0.5
    assert facts["signatures"]["bertscore"].startswith("model:tiny-bert|")
    assert "BERTScore F1 0.5000 (95 %: 0.4000 to 0.6000)" in version_report(EvaluationFolder(tmp_path, "m"))
    with pytest.raises(ValueError, match=r"evaluation.bertscore_model compares texts, and task sentiment"):
        recipe_named("m", task="sentiment", model={"decoder": "classifier"}, evaluation={"bertscore_model": "x"})
