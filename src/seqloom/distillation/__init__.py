"""Sequence-level knowledge distillation (Kim & Rush 2016): a teacher answers texts, to be learned from."""
