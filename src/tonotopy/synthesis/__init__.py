"""A collection of sounds made on the spot, to try the program without recordings of one's own.

Each family is synthesized from what makes its sound: modes that ring after a stroke, a loop of
string, noise that gusts, a voice pushed through a throat. Every sound has its own random
generator, so the collection is the same on every machine, as far as its arithmetic is.
"""

from tonotopy.synthesis.collection import FAMILIES, Sound, collection
from tonotopy.synthesis.sources import SAMPLE_RATE

__all__ = ["FAMILIES", "SAMPLE_RATE", "Sound", "collection"]
