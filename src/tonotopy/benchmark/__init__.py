"""Benchmarks: whether a space finds what belongs together, and what short codes keep of it."""

from tonotopy.benchmark.hashing import (
    HashingResults,
    benchmark_hashing,
    parse_methods,
    with_baseline,
)
from tonotopy.benchmark.hashing_sets import Features, features_of_library, read_features
from tonotopy.benchmark.retrieval import RetrievalScores, benchmark_retrieval

__all__ = [
    "Features",
    "HashingResults",
    "RetrievalScores",
    "benchmark_hashing",
    "benchmark_retrieval",
    "features_of_library",
    "parse_methods",
    "read_features",
    "with_baseline",
]
