"""Inference: beam search, sampling, minimum Bayes risk, exports and request batching."""
