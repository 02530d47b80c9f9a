"""PyTorch as the inference backend of a `Generator`, with float32 or 8-bit weights.

B batch, S source length, T target length, P prompt length, D memory width.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqloom.dataset.padded_batch import make_batch, pad_sources
from seqloom.dataset.padded_frames import PaddedFrames, frames_of_sources
from seqloom.decoding.beam_search import beam_search
from seqloom.decoding.choice_scores import score_choices, trie_of, width_of
from seqloom.decoding.diverse_beam import ONE_GROUP, Diversity
from seqloom.decoding.greedy_search import greedy_search
from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.lexical_constraints import Constraint
from seqloom.decoding.logits_processors import LogitsProcessors
from seqloom.decoding.sampling import draw_uniforms, sample
from seqloom.decoding.search_threads import search_threads, threads_for
from seqloom.models.base_classes import AttentiveDecoder
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.encoder_memory import Memory

if TYPE_CHECKING:
    from seqloom.recipe.schema import DecodingSection

ONE_TEXT = 1  # thread for what is asked of one text, by the thread that asks
CHOICES_AT_ONCE, ROWS_AT_ONCE = 512, 1024  # in a trie, and of a batch


class TorchBackend:
    """PyTorch: beam search, greedy search and sampling on the device that the model is on.

    On a CPU a few texts are searched for on one thread, many on those that PyTorch had when the model was loaded.
    """

    returns_attention = True
    takes_constraints = True

    def __init__(self, model: EncoderDecoder, runs_on_gpu: bool = True) -> None:
        self.model = model
        self.runs_on_gpu = runs_on_gpu
        self._threads = torch.get_num_threads()  # of this thread: one of a server's may be new while another searches

    @property
    def device(self) -> torch.device:
        """The device that the model is on."""
        return next(self.model.parameters()).device

    @property
    def has_encoder(self) -> bool:
        """True unless the model is a language model."""
        return bool(self.model.encoder.memory_width)

    @property
    def frame_width(self) -> int:
        """Features of a frame that the model reads in front of a source; 0 if it reads none."""
        return self.model.frame_width

    @property
    def writes_from_summary(self) -> bool:
        """True if the decoder is conditioned on the summary vector alone."""
        return self.model.decoder.writes_from_summary

    def move(self, device: torch.device) -> None:
        """Move the model to `device`; 8-bit weights stay on the CPU."""
        if self.runs_on_gpu:
            self.model.to(device)

    def frames(self, sources: Sequence[list[int]]) -> PaddedFrames | None:
        """Return the frames of sources on the model's device; None if they have none."""
        frames = frames_of_sources(sources)
        return frames.to(self.device) if frames else None

    @torch.inference_mode()
    def search(
        self,
        sources: list[list[int]],
        limits: Sequence[int],
        decoding: "DecodingSection",
        numbers: Sequence[int],
        constraints: Sequence[Sequence[Constraint]] = (),
    ) -> list[list[Hypothesis]]:
        """Encode the sources and search; see `Backend.search`."""
        size = decoding.num_samples if decoding.method == "sample" else decoding.beam_size
        with search_threads(threads_for(len(sources) * size, self._threads)):
            memory, prompt = self.model.read(pad_sources(sources).to(self.device), self.frames(sources))
            return self.write(memory, prompt, limits, decoding, numbers, constraints)

    @torch.inference_mode()
    def write(
        self,
        memory: Memory,
        prompt: Tensor,
        limits: Sequence[int],
        decoding: "DecodingSection",
        numbers: Sequence[int],
        constraints: Sequence[Sequence[Constraint]] = (),
    ) -> list[list[Hypothesis]]:
        """Search for each row of memory, behind the prompt `(B, P)`; see `Backend.search`."""
        most = torch.tensor(limits, device=prompt.device)
        if decoding.method == "sample":
            return self._sample(memory, prompt, most, decoding, numbers)
        processors = LogitsProcessors.of(decoding)
        if decoding.beam_size == 1:
            found = greedy_search(self.model, memory, prompt, most, decoding.length_penalty, processors)
            return [[best] for best in found]
        diversity = ONE_GROUP if any(constraints) else Diversity(decoding.beam_groups, decoding.diversity_penalty)
        size, penalty = decoding.beam_size, decoding.length_penalty
        return beam_search(self.model, memory, prompt, size, most, penalty, processors, constraints, diversity)

    @torch.inference_mode()
    def score(self, sources: list[list[int]], choices: list[list[int]]) -> list[list[float]]:
        """See `Backend.score`; so many at once as a beam has hypotheses."""
        scores: list[list[float]] = [[] for _ in sources]
        for first in range(0, len(choices), CHOICES_AT_ONCE):
            levels = trie_of(choices[first : first + CHOICES_AT_ONCE])
            size = max(1, ROWS_AT_ONCE // width_of(levels)) if self.has_encoder else 1
            for start in range(0, len(sources), size):
                memory, prompt = self.model.read(pad_sources(sources[start : start + size]).to(self.device))
                found = score_choices(self.model, memory, prompt, levels).tolist()
                for row, values in enumerate(found, start=start):
                    scores[row] += values
        return scores

    def _sample(
        self, memory: Memory, prompt: Tensor, limits: Tensor, decoding: "DecodingSection", numbers: Sequence[int]
    ) -> list[list[Hypothesis]]:
        """Draw `num_samples` hypotheses for each row, in the order drawn."""
        times = decoding.num_samples
        uniforms = draw_uniforms(decoding.seed, numbers, int(limits.max()), times).to(prompt.device)
        options = (decoding.length_penalty, decoding.temperature, decoding.top_k, decoding.top_p)
        prompt, limits = (each.repeat_interleave(times, dim=0) for each in (prompt, limits))
        memory, processors = memory.repeat(times), LogitsProcessors.of(decoding)
        drawn = sample(self.model, memory, prompt, limits, uniforms, *options, processors)
        return [drawn[first : first + times] for first in range(0, len(drawn), times)]

    @torch.inference_mode()
    def summary(self, source: list[int]) -> Tensor:
        """Return the fixed-length vector of a source, `(1, D)`."""
        with search_threads(ONE_TEXT):
            return self.model.encode(pad_sources([source]).to(self.device), self.frames([source])).summary

    @torch.inference_mode()
    def attention(self, source: list[int], target: list[int]) -> list[list[float]]:
        """Return the attention weights `(T, S)` for an answer to a source, both with END; each row adds up to 1.

        They are computed by teacher forcing over the whole answer, and equal those of the search.
        """
        decoder = self.model.decoder
        assert isinstance(decoder, AttentiveDecoder), "the caller has to know that the model has attention"
        batch = make_batch([source], [target]).to(self.device)
        with search_threads(ONE_TEXT):
            memory = self.model.encode(batch.source)
            embedded = self.model.target_embedding(batch.target_input)
            _, weights, _ = decoder.attend(embedded, self.model.start(memory), memory)
        found: list[list[float]] = weights[0].tolist()
        return found
