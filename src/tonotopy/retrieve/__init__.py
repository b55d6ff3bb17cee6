"""Searching a library: by the sound of a file, by what it holds, by words.

The room is not called ``search``: a package of that name would hide the function `tonotopy.search`.
"""

from tonotopy.retrieve.candidates import prepare_index
from tonotopy.retrieve.query import AudioFile, Example, StoredRecording, StoredWindow, Words
from tonotopy.retrieve.searching import Hit, Results, search

__all__ = [
    "AudioFile",
    "Example",
    "Hit",
    "Results",
    "StoredRecording",
    "StoredWindow",
    "Words",
    "prepare_index",
    "search",
]
