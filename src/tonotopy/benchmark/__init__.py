"""Benchmarks on a user's own library: whether a space finds what belongs together."""

from tonotopy.benchmark.retrieval import RetrievalScores, benchmark_retrieval

__all__ = ["RetrievalScores", "benchmark_retrieval"]
