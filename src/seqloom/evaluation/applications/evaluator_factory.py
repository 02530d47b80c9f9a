"""Who measures a task."""

from seqloom.evaluation.applications.chat_evaluator import ChatEvaluator
from seqloom.evaluation.applications.evaluator import Evaluator
from seqloom.evaluation.applications.generation_evaluator import GenerationEvaluator
from seqloom.evaluation.applications.reconstruction_evaluator import ReconstructionEvaluator
from seqloom.evaluation.applications.sentiment_evaluator import SentimentEvaluator
from seqloom.evaluation.applications.summarization_evaluator import SummarizationEvaluator
from seqloom.evaluation.applications.translation_evaluator import TranslationEvaluator

_ALL: tuple[Evaluator, ...] = (
    TranslationEvaluator(),
    SummarizationEvaluator(),
    SentimentEvaluator(),
    ReconstructionEvaluator(),
    ChatEvaluator(),
    GenerationEvaluator(),
)
_JUDGES = {judge.kind.name: judge for judge in _ALL}


def evaluator_of(task: str) -> Evaluator:
    """The judge of a recipe's task."""
    return _JUDGES[task]
