"""Who measures a task."""

from seqloom.evaluation.kinds.judge import Judge
from seqloom.evaluation.kinds.reconstruction import ReconstructionJudge
from seqloom.evaluation.kinds.sentiment import SentimentJudge
from seqloom.evaluation.kinds.translation import TranslationJudge

_JUDGES: dict[str, Judge] = {
    judge.kind.name: judge for judge in (TranslationJudge(), SentimentJudge(), ReconstructionJudge())
}


def judge_of(task: str) -> Judge:
    """The judge of a recipe's task."""
    return _JUDGES[task]
