from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.evaluation.length_buckets import length_buckets
from seqloom.evaluation.paired_bootstrap import count

lengths = st.lists(st.integers(0, 40), min_size=1, max_size=40)


@settings(max_examples=30, deadline=None)
@given(lengths, st.integers(1, 7))
def test_buckets_part_the_rows(lengths, most):
    sources = ["x" * length for length in lengths]
    buckets = length_buckets(sources, {"model": count("chrf", sources, sources, "")}, most)
    assert 1 <= len(buckets) <= most
    assert sum(bucket.rows for bucket in buckets) == len(lengths)
    assert all(bucket.rows > 0 and bucket.shortest <= bucket.longest for bucket in buckets)
    assert all(left.longest < right.shortest for left, right in pairwise(buckets))
    assert (buckets[0].shortest, buckets[-1].longest) == (min(lengths), max(lengths))


def test_each_bucket_is_scored_alone():
    sources = ["aa", "bb", "cccccc", "dddddd"]
    references = ["one two", "three", "four five", "six seven"]
    good, bad = references, ["one two", "three", "", ""]
    systems = {"good": count("chrf", good, references, ""), "bad": count("chrf", bad, references, "")}
    short, long = length_buckets(sources, systems, most=2)
    assert (short.shortest, short.longest, short.rows) == (2, 2, 2)
    assert short.scores == pytest.approx({"good": 100, "bad": 100})
    assert long.scores == pytest.approx({"good": 100, "bad": 0})


def test_one_length_is_one_bucket_with_the_corpus_score():
    sources, references, answers = ["xx"] * 4, ["abc", "abd", "bcd", "acd"], ["abc", "bcd", "b", ""]
    counts = count("chrf", answers, references, "")
    (bucket,) = length_buckets(sources, {"model": counts})
    assert bucket.scores["model"] == pytest.approx(counts.value)
