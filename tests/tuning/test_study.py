"""Studies: they go on where they were, say whose they are, and prune what lags behind."""

import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState

from seqloom.bundled_files import bundled_file
from seqloom.errors import UserError
from seqloom.recipe.applications import metric_of_recipe
from seqloom.recipe.metric import Metric
from seqloom.recipe.recipe_loader import change_recipe, load_recipe
from seqloom.recipe.search_space import Choice, Range
from seqloom.tuning import study as studies
from seqloom.tuning.study import begin_trial, finish, give_up, importances, open_study, results, suggest
from seqloom.tuning.study_plots import draw_study
from seqloom.tuning.trial_pruner import TrialPruned, TrialPruner, is_comparable

RECIPE = load_recipe(bundled_file("recipes/demo.yaml"))
CHRF = metric_of_recipe(RECIPE)
LOSS = Metric("perplexity", "perplexity", unit="plain", rises=False)
SPACE = (Range("training.learning_rate", 1e-4, 1e-2, whole=False), Choice("model.encoder", ("lstm", "gru")))


def opened(folder: Path, space: tuple[Range | Choice, ...] = SPACE, metric: Metric = CHRF) -> optuna.Study:
    return open_study(f"sqlite:///{folder / 'studies.db'}", "mine", RECIPE, space, metric, "median")


def rate_of(overrides: tuple[str, ...]) -> float:
    return float(overrides[0].removeprefix("training.learning_rate="))


def test_a_study_goes_on_and_finds_what_is_good(tmp_path: Path) -> None:
    for _ in range(2):
        study = opened(tmp_path)
        for _ in range(6):
            trial = begin_trial(study)
            overrides = suggest(trial, SPACE)
            change_recipe(RECIPE, overrides)
            finish(study, trial, 100 * rate_of(overrides), "run")
    ended = results(study, SPACE)
    assert [trial.number for trial in ended] == list(range(12))
    assert len({trial.overrides for trial in ended}) == 12, "the second half repeats nothing of the first"
    assert all(trial.score == pytest.approx(100 * rate_of(trial.overrides), rel=1e-3) for trial in ended)
    shares = importances(study)
    assert max(shares, key=lambda field: shares[field]) == "training.learning_rate"
    assert sum(shares.values()) == pytest.approx(1)
    plots = draw_study(study, CHRF, tmp_path / "plots")
    assert set(plots) == {"trials", "values", "importance"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in plots.values())


def test_a_study_without_a_score_has_no_plots_and_no_importance(tmp_path: Path) -> None:
    study = opened(tmp_path)
    assert draw_study(study, CHRF, tmp_path) == {}
    assert importances(study) == {}


@pytest.mark.parametrize(
    ("space", "metric"), [(SPACE[:1], CHRF), (SPACE, LOSS), ((SPACE[0], Choice("model.encoder", ("gru", "cnn"))), CHRF)]
)
def test_another_search_takes_another_name(tmp_path: Path, space: tuple[Range | Choice, ...], metric: Metric) -> None:
    study = opened(tmp_path)
    trial = begin_trial(study)
    suggest(trial, SPACE)
    finish(study, trial, 1.0, "run")
    with pytest.raises(UserError, match=r"the study mine is of another recipe, search space or metric.*--study"):
        opened(tmp_path, space, metric)


def test_a_study_of_failures_alone_gives_way(tmp_path: Path) -> None:
    study = opened(tmp_path)
    trial = begin_trial(study)
    suggest(trial, SPACE)
    give_up(study, trial, "no such file", pruned=False)
    assert [each.why for each in results(study, SPACE)] == ["no such file"]
    assert results(opened(tmp_path, SPACE[:1]), SPACE[:1]) == []


def test_a_trial_whose_process_is_gone_is_run_again_with_its_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = opened(tmp_path)
    monkeypatch.setattr(studies, "_this_process", lambda: f"{studies.socket.gethostname()} 999999999@1")
    before = suggest(begin_trial(study), SPACE)
    monkeypatch.undo()
    study = opened(tmp_path)
    trial = begin_trial(study)
    assert suggest(trial, SPACE) == before
    assert suggest(begin_trial(study), SPACE) != before, "this one lives, and keeps its values"
    finish(study, trial, 1.0, "run")
    assert [each.number for each in results(study, SPACE)] == [1]


def work(folder: Path, told: Connection) -> None:
    """Begin a trial, say its values and the first epoch's score, and train until killed."""
    trial = begin_trial(opened(folder))
    overrides = suggest(trial, SPACE)
    trial.report(1.0, 1)
    told.send(overrides)
    signal.pause()


def test_a_worker_that_is_killed_leaves_its_trial_to_the_others(tmp_path: Path) -> None:
    opened(tmp_path)  # makes the tables, which two at once would both do
    processes = multiprocessing.get_context("spawn")
    here, there = processes.Pipe()
    worker = processes.Process(target=work, args=(tmp_path, there))
    worker.start()
    values = here.recv()
    try:
        study = opened(tmp_path)
        assert suggest(begin_trial(study), SPACE) != values, "the worker lives, and keeps its values"
    finally:
        worker.kill()
        worker.join()
    trial = begin_trial(opened(tmp_path))
    assert suggest(trial, SPACE) == values
    finish(study, trial, 1.0, "run")
    assert [each.overrides for each in results(opened(tmp_path), SPACE)] == [values]


def test_a_database_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the database of studies .*cannot be opened.*SEQLOOM_STUDIES"):
        open_study(f"sqlite:///{tmp_path / 'none' / 'x.db'}", "mine", RECIPE, SPACE, CHRF, "none")


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-6, 1e3), st.floats(1.001, 1e6), st.integers(1, 50), st.integers(1, 500))
def test_suggestions_lie_in_their_ranges(low: float, times: float, least: int, more: int) -> None:
    space = (Range("a.b", low, low * times, whole=False), Range("c.d", least, least + more, whole=True))
    number, count = (override.split("=")[1] for override in suggest(optuna.create_study().ask(), space))
    assert low <= float(number) <= low * times
    assert least <= int(count) <= least + more


@pytest.mark.parametrize("metric", [CHRF, LOSS])
@pytest.mark.parametrize("select_by", ["loss", "chrf"])
def test_what_lags_behind_is_pruned(tmp_path: Path, metric: Metric, select_by: str) -> None:
    """Whichever way metric and selecting score point: the worst of six is pruned, the best never."""
    worse = 1.0 if select_by == "loss" else -1.0
    study = opened(tmp_path, metric=metric)

    def watched(value: float) -> str:
        trial = begin_trial(study)
        suggest(trial, SPACE)
        pruner = TrialPruner(trial, metric)
        try:
            for epoch in range(1, 6):
                pruner({"step": epoch, "epoch": epoch, "train/loss": 1.0}, select_by)
                pruner({"step": epoch, "epoch": epoch, f"validation/{select_by}": value}, select_by)
        except TrialPruned as pruned:
            give_up(study, trial, str(pruned), pruned=True)
            return "pruned"
        finish(study, trial, 50.0 + value if metric.rises else 50.0 - value, "run")
        return "finished"

    ended = [watched(5.0 + number * 0.01) for number in range(4)]
    assert ended == ["finished"] * 4
    assert watched(5.0 + worse) == "pruned"
    assert watched(5.0 - worse) == "finished"
    assert [trial.state for trial in study.trials].count(TrialState.PRUNED) == 1
    assert "is behind" in results(study, SPACE)[4].why


@pytest.mark.parametrize(
    ("field", "select_by", "comparable"),
    [
        ("training.learning_rate", "loss", True),
        ("vocabulary.size", "loss", False),
        ("corpus.max_characters", "loss", False),
        ("vocabulary.size", "chrf", True),
    ],
)
def test_a_loss_per_token_is_of_one_vocabulary(field: str, select_by: str, comparable: bool) -> None:
    recipe = change_recipe(RECIPE, [f"training.select_by={select_by}"])
    assert is_comparable(recipe, [Range(field, 1, 2, whole=True)]) is comparable
