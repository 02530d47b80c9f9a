"""What the command generate lists for a person to look at."""

import pytest

from seqloom.cli.answered_texts import AnsweredTexts, answer_in_order, unsure
from seqloom.decoding.confidence import TextConfidence
from tests.decoding.test_lexical_constraints import translator


def test_the_unsure_are_listed_with_number_confidence_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    generator = translator()
    generator.confidence = TextConfidence(2.0, 1.0, 0.0)
    texts = ["a", "b\nd", "a e d", "e"]
    [whole] = answer_in_order(generator, texts, None)
    sure = [found[0].confidence or 0.0 for found in whole.answers]
    bound = sorted(sure)[2]
    [listed] = unsure(iter([whole]), bound)
    assert isinstance(listed, AnsweredTexts)
    assert listed.columns == {
        "row": [row + 1 for row in range(4) if sure[row] < bound],
        "source": [text for text, each in zip(texts, sure, strict=True) if each < bound],
    }
    for place, row in enumerate(listed.rows):
        assert listed.lead(place) == f"{row + 1}\t{sure[row]:.3f}\t{texts[row].replace(chr(10), '↵')}\t"
    assert f"{len(listed.rows)} of 4 answers have a confidence below {bound:g}" in capsys.readouterr().err
