"""Hearing: from a file to the vectors of its windows, in memory that does not grow with it.

Adding a recording and searching with one hear in the same way, so that a file finds itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tonotopy.hearing.stream import Hearing, embed_interval, measure_interval, row_type

__all__ = ["Hearing", "embed_interval", "measure_interval", "row_type"]


def __getattr__(name: str) -> Any:
    """Load what hears when it is asked for: a worker must watch its parent before that."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("tonotopy.hearing.stream"), name)
