"""Filters of pairs, as `corpus.filters` of a recipe lists them: small frozen classes that say why a pair is dropped."""
