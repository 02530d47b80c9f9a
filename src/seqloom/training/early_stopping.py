"""Early stopping: the epochs of the best validation scores, and an end where scores no longer improve."""

from seqloom.training.training_state import TrainingState


class EarlyStopping:
    """Early stopping by the validation score, of which higher is better.

    Its state is in the training state, which checkpoints hold.
    """

    def __init__(self, patience: int, average_checkpoints: int) -> None:
        self.patience = patience  # epochs without a better one, after which training ends
        self.average_checkpoints = average_checkpoints  # best epochs whose weights are kept

    def should_stop(self, state: TrainingState) -> bool:
        """Return True after `patience` epochs in a row without a new best."""
        return state.stale_epochs >= self.patience

    def end_epoch(self, state: TrainingState, score: float) -> None:
        """Count the epoch that ended with this score, and keep it if it is among the best.

        One that is no better halves the learning rate of the plateau schedule.
        """
        state.epoch += 1
        state.window = state.batch = 0
        if state.best is None or score > state.best:
            state.best, state.best_epoch, state.stale_epochs = score, state.epoch, 0
        else:
            state.stale_epochs += 1
            state.rate_factor /= 2
        kept = sorted([*state.kept, (score, state.epoch)], key=lambda pair: (-pair[0], pair[1]))
        state.kept = kept[: self.average_checkpoints]
