from seqloom.evaluation.unknown_share import unknown_share_slices, unknown_shares
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS
from seqloom.vocabulary.vocabulary import Vocabulary


def test_rows_by_the_tokens_that_the_vocabulary_lacks() -> None:
    vocabulary = Vocabulary.of_words([*SPECIAL_TOKENS, "▁a", "▁dog"])
    texts = ["a dog", "a cat", "a dog " * 10 + "cat", "", "x y z"]
    shares = unknown_shares(vocabulary, texts)
    assert shares == [0.0, 0.5, 1 / 21, 0.0, 1.0]
    found = {each.name: each.rows for each in unknown_share_slices(shares)}
    assert found == {
        "every token known": [0, 3],
        "up to 10% of the tokens unknown": [2],
        "over 10% of the tokens unknown": [1, 4],
    }
    assert unknown_share_slices([0.0, 0.0]) == [], "subwords spell any text"
