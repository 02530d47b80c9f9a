"""BERTScore: known values of the matching, and the library's own where Transformers and bert-score are installed.

Both are extras that `make test` has not: pip install transformers bert-score, and run this file.
"""

import json
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor

from seqloom.artifact.cache_key import EVALUATION
from seqloom.cli.evaluate_command import _remarks
from seqloom.decoding.generator_loader import load_generator
from seqloom.errors import UserError
from seqloom.evaluation import answer_checks, stage
from seqloom.evaluation.bertscore import BertEncoder, bertscore, load_encoder, matched
from seqloom.evaluation.bertscore_model import check_bertscore_model
from seqloom.evaluation.bertscore_summary import describe_bertscore
from seqloom.evaluation.eval_rows import EvalRows
from seqloom.evaluation.file_evaluation import evaluate_rows
from seqloom.evaluation.perplexity import Likelihood
from seqloom.progress import unwatched
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import EvaluationSection
from seqloom.registry.gate import share_findings
from seqloom.reports.evaluation_folder import EvaluationFolder
from seqloom.reports.version_report import version_report
from tests.registry.tiny import recipe_named, write_checkpoint

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


def byte_level() -> Tokenizer:
    """Return a tokenizer such as RoBERTa's: bytes, a blank belongs to its word."""
    names = ["<s>", "<pad>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({name: number for number, name in enumerate(names)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=False)
    return tokenizer


class Embedding:
    """Stands for a model: a random vector for each token."""

    def __init__(self) -> None:
        self.vectors = torch.randn(300, 8, generator=torch.Generator().manual_seed(0))

    def __call__(self, input_ids: Tensor, attention_mask: Tensor) -> SimpleNamespace:
        assert input_ids.shape == attention_mask.shape
        return SimpleNamespace(last_hidden_state=self.vectors[input_ids])

    def to(self, _: str) -> "Embedding":
        return self

    def eval(self) -> "Embedding":
        return self


def test_an_empty_text_has_no_token_that_counts_and_others_lead_with_a_blank() -> None:
    encoder = BertEncoder(Embedding(), byte_level(), 1, pad=1, lead=" ")
    empty, blank, one, stripped = encoder(["", " \n ", "dog", " dog "])
    assert empty[1].sum() == blank[1].sum() == 0
    assert matched(*empty, *one) == matched(*one, *blank) == (0, 0, 0)
    assert one[1].tolist() == [0, 1, 1, 1, 1, 0]
    assert matched(*one, *stripped) == pytest.approx((1, 1, 1))
    assert torch.allclose(one[0].norm(dim=-1), torch.ones(6))
    tokenizer = byte_level()
    tokenizer.post_processor = processors.Sequence([])
    (nothing,) = BertEncoder(Embedding(), tokenizer, 1)([""])
    assert matched(*nothing, *one) == (0, 0, 0)


def settings_of(folder: Path, **changes: Any) -> Path:
    """Write a folder such as RoBERTa's, whose weights are none of a model."""
    folder.mkdir(exist_ok=True)
    config = {"model_type": "roberta", "num_hidden_layers": 4, "is_encoder_decoder": False, **changes}
    (folder / "config.json").write_text(
        json.dumps({name: value for name, value in config.items() if value is not None})
    )
    byte_level().save(str(folder / "tokenizer.json"))
    save_file({"a": torch.zeros(100)}, folder / "model.safetensors")
    return folder


@pytest.fixture
def transformers(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stands for the library: `missing` are weights drawn at random, `built` the layers it was asked for."""
    library = SimpleNamespace(missing=set(), built=0, logging=SimpleNamespace())
    library.logging.set_verbosity_error = library.logging.disable_progress_bar = lambda: None

    def config(folder: Path, **safe: Any) -> SimpleNamespace:
        assert safe == {"local_files_only": True, "trust_remote_code": False}
        return SimpleNamespace(**json.loads((folder / "config.json").read_text()), pad_token_id=1)

    def model(_: Path, config: Any, **asked: Any) -> tuple[Embedding, dict[str, set[str]]]:
        assert asked["use_safetensors"]
        assert not asked["trust_remote_code"]
        library.built = config.num_hidden_layers
        return Embedding(), {"missing_keys": library.missing}

    library.AutoConfig, library.AutoModel = (SimpleNamespace(from_pretrained=each) for each in (config, model))
    monkeypatch.setitem(sys.modules, "transformers", library)
    monkeypatch.setattr("seqloom.evaluation.bertscore_model.find_spec", lambda _: library)
    return library


def test_layers_above_the_chosen_one_are_not_built(tmp_path: Path, transformers: SimpleNamespace) -> None:
    folder = settings_of(tmp_path)
    assert load_encoder(folder, 2, "cpu").layer == transformers.built == 2
    assert load_encoder(folder, 0, "cpu").layer == transformers.built == 4
    with pytest.raises(UserError, match=r"bertscore_layer 5: the model in .* has 4 layers: at most that"):
        load_encoder(folder, 5, "cpu")


def test_weights_that_would_be_drawn_at_random_are_refused(tmp_path: Path, transformers: SimpleNamespace) -> None:
    folder = settings_of(tmp_path)
    transformers.missing = {"pooler.dense.weight", "pooler.dense.bias"}
    assert load_encoder(folder, 0, "cpu").lead == " "
    transformers.missing |= {"encoder.layer.1.b", "encoder.layer.1.a"}
    with pytest.raises(
        UserError, match=r"model.safetensors: lacks 2 weights of the model in config.json, such as \S+1.a"
    ):
        load_encoder(folder, 0, "cpu")


@pytest.mark.parametrize(
    ("settings", "positions", "tokens"),
    [
        ({"model_max_length": 30}, 514, 30),
        ({"model_max_length": None}, 514, 512),
        ({"model_max_length": 1e30}, 20, 18),  # two positions are the padding's and the one before
        ({}, None, 512),
        (None, 514, 512),
    ],
)
def test_a_text_is_cut_to_what_the_encoder_reads(
    settings: Any, positions: int | None, tokens: int, tmp_path: Path, transformers: SimpleNamespace
) -> None:
    assert not transformers.built
    folder = settings_of(tmp_path, max_position_embeddings=positions)
    if settings is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    check_bertscore_model(EvaluationSection(bertscore_model=str(folder)))
    vectors, _ = load_encoder(folder, 0, "cpu")(["x" * 999])[0]
    assert vectors.shape == (tokens, 8)


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("config.json", b"{", r"config.json: cannot be read \(.*\): download the file again"),
        ("config.json", b"[]", r"config.json: cannot be read \(is no JSON object\)"),
        ("config.json", b"\xff", r"config.json: cannot be read"),
        ("config.json", b'{"num_hidden_layers": "4"}', r"config.json: cannot be read \(its number of layers is '4'\)"),
        ("config.json", b'{"num_hidden_layers": 2}', r"bertscore_layer 3: the model in .* has 2 layers: at most that"),
        ("config.json", b'{"num_layers": 6, "is_encoder_decoder": true}', r"is no encoder: give one such as BERT"),
        ("config.json", b'{"num_hidden_layers": 0}', r"is no encoder"),
        ("tokenizer.json", b"{}", r"tokenizer.json: cannot be read"),
        ("tokenizer_config.json", b"{", r"tokenizer_config.json: cannot be read"),
        ("tokenizer_config.json", b'{"model_max_length": "512"}', r"cannot be read \(model_max_length is '512'\)"),
        ("tokenizer_config.json", b'{"model_max_length": 0}', r"cannot be read \(model_max_length is 0\)"),
        ("model.safetensors", b"version https://git-lfs.github.com/spec/v1", r"model.safetensors: cannot be read"),
        ("model.safetensors", None, r"model.safetensors: cannot be read"),
    ],
)
def test_a_damaged_folder_is_refused_before_the_training(
    file: str, content: bytes | None, told: str, tmp_path: Path, transformers: SimpleNamespace
) -> None:
    """None is a download that ended before its time."""
    folder = settings_of(tmp_path)
    asked = EvaluationSection(bertscore_model=str(folder), bertscore_layer=3)
    check_bertscore_model(asked)
    (folder / file).write_bytes((folder / file).read_bytes()[:-9] if content is None else content)
    with pytest.raises(UserError, match=told) as refused:
        check_bertscore_model(asked)
    assert "evaluation.bertscore_" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not transformers.built


def test_a_number_of_layers_that_is_left_out_is_the_librarys_to_know(
    tmp_path: Path, transformers: SimpleNamespace
) -> None:
    asked = EvaluationSection(bertscore_model=str(settings_of(tmp_path, num_hidden_layers=None)), bertscore_layer=9)
    check_bertscore_model(asked)
    assert not transformers.built


def test_a_pickle_is_never_read(encoder: Path, tmp_path: Path) -> None:
    for file in encoder.iterdir():
        (tmp_path / file.name.replace("model.safetensors", "pytorch_model.bin")).write_bytes(file.read_bytes())
    with pytest.raises(UserError, match=r"it lacks model.safetensors"):
        check_bertscore_model(EvaluationSection(bertscore_model=str(tmp_path)))
    (tmp_path / "model.safetensors").write_bytes(b"not tensors")
    with pytest.raises(UserError, match=r"bertscore_model .*: cannot be loaded"):
        bertscore(["a"], ["a"], tmp_path, 0, "cpu", unwatched)


def test_a_layer_has_the_numbers_that_it_has_among_all(encoder: Path) -> None:
    """And a checkpoint without some weights is refused, though Transformers only warns of it."""
    transformers = pytest.importorskip("transformers")
    whole = transformers.AutoModel.from_pretrained(encoder).eval()
    for layer in (1, 2):
        cut = load_encoder(encoder, layer, "cpu")
        ids = torch.tensor([cut.tokenizer.encode(ANSWERS[2]).ids])
        with torch.inference_mode():
            expected = whole(input_ids=ids, output_hidden_states=True).hidden_states[layer][0]
        assert torch.allclose(cut([ANSWERS[2]])[0][0], torch.nn.functional.normalize(expected, dim=-1), atol=1e-6)


def test_a_checkpoint_without_some_weights(encoder: Path, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    for file in encoder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(encoder / "model.safetensors")
    save_file({name: value for name, value in weights.items() if "pooler" not in name}, tmp_path / "model.safetensors")
    assert load_encoder(tmp_path, 0, "cpu").layer == 2
    save_file(
        {name: value for name, value in weights.items() if ".1.output" not in name}, tmp_path / "model.safetensors"
    )
    assert load_encoder(tmp_path, 1, "cpu").layer == 1
    with pytest.raises(UserError, match=r"model.safetensors: lacks 4 weights .*encoder.layer.1.output"):
        load_encoder(tmp_path, 2, "cpu")


def test_a_folder_that_is_none_and_a_library_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = EvaluationSection(bertscore_model=str(tmp_path))
    check_bertscore_model(EvaluationSection())
    with pytest.raises(UserError, match=r"lacks config.json, tokenizer.json, model.safetensors; .*bertscore_model"):
        check_bertscore_model(section)
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    monkeypatch.setattr("seqloom.evaluation.bertscore_model.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"needs Transformers: pip install 'transformers==5\.\*'"):
        check_bertscore_model(section)


@pytest.mark.parametrize(
    ("rule", "section", "field", "value"),
    [
        ("bertscore", "evaluation", "bertscore_model", "encoder"),
        ("robustness", "evaluation", "robustness_rows", 50),
        ("terms_honored", "decoding", "glossary", "Hund\tdog"),
        ("carried_over", "decoding", "protect", "numbers"),
    ],
)
def test_a_rule_of_the_gate_needs_its_measure(rule: str, section: str, field: str, value: Any) -> None:
    """Unmeasured, it would be found after the training, and judged by nobody."""
    tree = {"name": "a", "corpus": {"train": ["a.tsv"]}, "registry": {rule: 0.5}}
    check_recipe({**tree, section: {field: value}}, "recipe")
    with pytest.raises(
        UserError, match=rf"registry.{rule} limits what is measured by {section}.{field}: .* {rule} to 0"
    ):
        check_recipe({**tree, section: {field: type(value)()}}, "recipe")


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


def test_a_file_is_scored_by_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the rest of the scores where the folder is on this machine, and else with the reason."""
    signature = "model:tiny-bert|sha256:0|layer:2|idf:no|rescale:no|transformers:5"
    scored = {"f1": 0.5, "precision": 0.5, "recall": 0.5, "interval": [0.4, 0.6], "rows": 2, "signature": signature}
    monkeypatch.setattr("seqloom.evaluation.bertscore.bertscore", lambda *_: scored)
    generator = load_generator(write_checkpoint(tmp_path))
    rows = EvalRows(
        pd.DataFrame({"source": ["a dog", "small"], "target": ["a", "b"], "origin": "x", "line": 1}), [], []
    )
    for section, missing in (({}, ""), ({"bertscore_model": str(tmp_path / "gone")}, "is no encoder with config.json")):
        found = evaluate_rows(recipe_named("m", evaluation=section), generator, rows, [], unwatched)
        assert found.bertscore == {}
        assert missing in found.bertscore_missing
        assert any("BERTScore was left out" in line for line in _remarks(found, None)) == bool(missing)
    monkeypatch.setattr("seqloom.evaluation.file_evaluation.check_bertscore_model", lambda _: None)
    found = evaluate_rows(recipe_named("m", evaluation={"bertscore_model": "x"}), generator, rows, [], unwatched)
    assert (found.as_json()["bertscore"], found.bertscore_missing) == (scored, "")
    assert any(line.startswith("BERTScore F1 0.5000 (95 %: ") for line in _remarks(found, None))


@pytest.mark.parametrize(("score", "passed"), [(0.91, True), (0.89, False), (None, None)])
def test_the_gate_may_ask_for_it(score: float | None, passed: bool | None) -> None:
    rules = recipe_named("m", evaluation={"bertscore_model": "x"}, registry={"bertscore": 0.9}).registry
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

    monkeypatch.setattr(answer_checks, "bertscore", scored)
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
