"""Hearing: from a file to the vectors of its windows, in memory that does not grow with it.

Adding a recording and searching with one hear in the same way, so that a file finds itself.
"""

from tonotopy.hearing.stream import Hearing, embed_interval, row_type

__all__ = ["Hearing", "embed_interval", "row_type"]
