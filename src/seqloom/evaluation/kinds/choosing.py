"""Who measures a task."""

from seqloom.evaluation.kinds.chat import ChatJudge
from seqloom.evaluation.kinds.generation import GenerationJudge
from seqloom.evaluation.kinds.judge import Judge
from seqloom.evaluation.kinds.reconstruction import ReconstructionJudge
from seqloom.evaluation.kinds.sentiment import SentimentJudge
from seqloom.evaluation.kinds.summarisation import SummarisationJudge
from seqloom.evaluation.kinds.translation import TranslationJudge

_ALL: tuple[Judge, ...] = (
    TranslationJudge(),
    SummarisationJudge(),
    SentimentJudge(),
    ReconstructionJudge(),
    ChatJudge(),
    GenerationJudge(),
)
_JUDGES = {judge.kind.name: judge for judge in _ALL}


def judge_of(task: str) -> Judge:
    """The judge of a recipe's task."""
    return _JUDGES[task]
