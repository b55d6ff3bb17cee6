"""Distances between vectors and the k nearest of them: smaller is nearer, whatever the metric."""

from typing import Literal

__all__ = ["Metric"]

Metric = Literal["cosine", "dot", "euclidean"]
