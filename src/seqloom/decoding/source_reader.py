"""How a source is read: normalized, cut to what the model has seen, with its context and its features."""

import logging
from collections.abc import Sequence

from seqloom.corpus.dialogue_context import TURN, Conversation, newest_turns
from seqloom.corpus.framed_text import FramedIds, framed_row
from seqloom.corpus.source_context import SourceContext
from seqloom.corpus.text_normalizers import TextNormalizers
from seqloom.recipe.normalizer_expressions import DEFAULT_NORMALIZERS
from seqloom.vocabulary.vocabulary import Vocabulary

UNBOUNDED = 1 << 62  # tokens

logger = logging.getLogger(__name__)


class SourceReader:
    """Encodes sources as the rows of training were encoded.

    A source goes through the `normalizers` of the recipe, and is cut to `characters` (the most that training has
    seen) and to `tokens` (the positions that the model has); of a conversation the newest turns are kept. `context` is
    looked up for each source and read behind it. A model that reads features, vectors of `frame_width` numbers, has
    them in front of the tokens, or with `frames_alone` in place of them.
    """

    def __init__(
        self,
        source: Vocabulary,
        characters: int | None = None,
        tokens: int | None = None,
        conversation: Conversation | None = None,
        normalizers: Sequence[str] = DEFAULT_NORMALIZERS,
        context: SourceContext | None = None,
        frame_width: int = 0,
        frames_alone: bool = False,
    ) -> None:
        self.source = source
        self.characters = characters
        self.tokens = tokens
        self.conversation = conversation
        self.normalizers = TextNormalizers(normalizers, source.keeps_whitespace)
        self.context = context
        self.frame_width, self.frames_alone = frame_width, frames_alone

    @property
    def keeps_whitespace(self) -> bool:
        """True if texts and answers may have more than single spaces between words."""
        return self.source.keeps_whitespace

    def wording(self, row: object, number: int = 0) -> object:
        """Return the text of a row, with its features if the model reads such.

        A row of a chat model may also be a list of turns, of which the newest are kept.

        Raises:
            UserError: row `number`, counted from 0, has no features, or others than the model reads.
        """
        if self.frame_width:
            return framed_row(row, self.frame_width, f"row {number}")
        return self.conversation.request_context(row) if self.conversation else row

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the source ids of each text, cut to `characters` and `tokens`."""
        if self.conversation:
            texts = [self.conversation.newest(text) for text in texts]
        read = [text[: self.characters] for text in self.normalized(texts)]
        encoded = self.source.encode(self.context.joined(read) if self.context else read)
        if self.conversation and self.tokens:
            mark = self.source.tokens.index(TURN) if TURN in self.source.tokens else -1
            encoded = [newest_turns(ids, mark, self.tokens) for ids in encoded]
        cut = sum(len(text) > (self.characters or len(text)) for text in texts)
        if cut:
            logger.warning("%d of %d texts are read up to character %d only", cut, len(texts), self.characters)
        long = sum(len(ids) > (self.tokens or len(ids)) for ids in encoded)
        if long:
            logger.warning("%d of %d texts are read up to token %d only", long, len(texts), self.tokens)
        encoded = [ids[: self.tokens] for ids in encoded]
        return self._with_frames(texts, encoded) if self.frame_width else encoded

    def _with_frames(self, texts: Sequence[str], encoded: list[list[int]]) -> list[list[int]]:
        """Return the ids of texts with the features of each."""
        framed = [framed_row(text, self.frame_width, f"text {row + 1}") for row, text in enumerate(texts)]
        return [
            FramedIds([] if self.frames_alone else ids, each.frames) for each, ids in zip(framed, encoded, strict=True)
        ]

    def reads_whole(self, text: str) -> bool:
        """Return whether a text is not cut; of a conversation old turns may be left out."""
        if self.conversation:
            return True
        return len(text) <= (self.characters or len(text)) and self.length(text) <= (self.tokens or UNBOUNDED)

    def length(self, text: str) -> int:
        """Return the tokens of a text, before it is cut."""
        return len(self.source.encode(self.normalized([text]))[0])

    def normalized(self, texts: Sequence[str]) -> Sequence[str]:
        """Return the texts as the recipe's normalizers rewrote those of training; the vocabulary does the default."""
        if self.normalizers.is_default:
            return texts
        return [self.normalizers.of_side(text, "source") for text in texts]
