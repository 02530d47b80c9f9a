"""Factory of the evaluators, by task."""

from seqloom.evaluation.applications.chat_evaluator import ChatEvaluator
from seqloom.evaluation.applications.evaluator import Evaluator
from seqloom.evaluation.applications.generation_evaluator import GenerationEvaluator
from seqloom.evaluation.applications.reconstruction_evaluator import ReconstructionEvaluator
from seqloom.evaluation.applications.sentiment_evaluator import SentimentEvaluator
from seqloom.evaluation.applications.summarization_evaluator import SummarizationEvaluator
from seqloom.evaluation.applications.transduction_evaluator import TransductionEvaluator
from seqloom.evaluation.applications.translation_evaluator import TranslationEvaluator

_ALL: tuple[Evaluator, ...] = (
    TranslationEvaluator(),
    SummarizationEvaluator(),
    SentimentEvaluator(),
    ReconstructionEvaluator(),
    ChatEvaluator(),
    GenerationEvaluator(),
    TransductionEvaluator(),
)
_BY_TASK = {evaluator.kind.name: evaluator for evaluator in _ALL}


def evaluator_of(task: str) -> Evaluator:
    """Return the evaluator of a recipe's task."""
    return _BY_TASK[task]
