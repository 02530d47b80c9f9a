import pytest

from seqloom.recipe.model_rules import describe_model
from seqloom.recipe.schema import ModelSection


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"attention": "additive"}, "lstm→lstm additive"),
        ({"encoder": "gru", "decoder": "rnn", "attention": "multiplicative"}, "gru→rnn multiplicative"),
        ({"attention": "none"}, "lstm→lstm without attention"),
        ({"encoder": "transformer", "decoder": "transformer"}, "transformer→transformer"),
        ({"encoder": "cnn", "decoder": "lstm"}, "cnn→lstm additive"),
        ({"encoder": "none", "decoder": "lstm"}, "lstm"),
        ({"encoder": "none", "decoder": "transformer"}, "transformer"),
        ({"decoder": "classifier"}, "lstm→classifier"),
        ({"copy_attention": True}, "lstm→lstm additive copying"),
    ],
)
def test_a_model_in_words_tells_what_is_true_of_it(fields: dict[str, object], words: str) -> None:
    assert (
        describe_model(
            ModelSection.model_validate({"encoder": "lstm", "decoder": "lstm", "attention": "additive", **fields})
        )
        == words
    )
