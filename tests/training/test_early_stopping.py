"""Early stopping against the definition, for any run of scores."""

from hypothesis import given
from hypothesis import strategies as st

from seqloom.training.early_stopping import EarlyStopping
from seqloom.training.training_state import TrainingState


@given(st.lists(st.integers(0, 4).map(float), min_size=1, max_size=12), st.integers(1, 4), st.integers(1, 3))
def test_the_best_epochs_are_kept_and_patience_ends_it(scores: list[float], patience: int, keep: int) -> None:
    stopping, state = EarlyStopping(patience, keep), TrainingState()
    for epoch, score in enumerate(scores, start=1):
        stopping.end_epoch(state, score)
        seen = scores[:epoch]
        assert state.best == max(seen)
        assert state.best_epoch == seen.index(max(seen)) + 1, "the first of equal ones"
        assert state.stale_epochs == epoch - state.best_epoch
        assert stopping.should_stop(state) == (epoch - state.best_epoch >= patience)
        assert [score for score, _ in state.kept] == sorted(seen, reverse=True)[:keep]
    assert state.epoch == len(scores)
