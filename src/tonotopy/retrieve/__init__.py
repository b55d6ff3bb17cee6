"""Searching a library: by the sound of a file, by what it holds, by words.

The room is not called ``search``: a package of that name would hide the function `tonotopy.search`.
"""

from tonotopy.retrieve.aspects import ASPECTS, parse_aspects
from tonotopy.retrieve.coding import prepare_index
from tonotopy.retrieve.query import AudioFile, Example, StoredRecording, StoredWindow, Words
from tonotopy.retrieve.results import Hit, Results
from tonotopy.retrieve.searching import search
from tonotopy.retrieve.texts import TextSource

__all__ = [
    "ASPECTS",
    "AudioFile",
    "Example",
    "Hit",
    "Results",
    "StoredRecording",
    "StoredWindow",
    "TextSource",
    "Words",
    "parse_aspects",
    "prepare_index",
    "search",
]
