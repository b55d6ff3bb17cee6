"""The families of the demo collection, and the sounds in each."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tonotopy.synthesis import animals, drums, elements, impacts, instruments, machines
from tonotopy.synthesis.shaping import finished
from tonotopy.synthesis.sources import SAMPLE_RATE, Samples

__all__ = ["FAMILIES", "Sound", "collection"]

Recording = Callable[[Generator], NDArray[np.float32]]

_STROKE_S, _AMBIENCE_S = 0.0005, 0.08  # fade-in


class Sound(NamedTuple):
    """A sound of the demo collection."""

    family: str  #: what it is, good for the name of a folder
    name: str  #: of the file, as untidy as in a real collection; ends in ``.wav``
    samples: NDArray[np.float32]  #: (n,) mono, in [-1, 1], at ``SAMPLE_RATE``


def _recorded(play: Callable[[Generator], Samples], fade_in_s: float) -> Recording:
    def record(random: Generator) -> NDArray[np.float32]:
        return finished(play(random), random, fade_in_s=fade_in_s)

    record.__doc__ = play.__doc__
    return record


_STROKES = {
    "bell": instruments.bell,
    "bird": animals.bird,
    "clap": drums.clap,
    "clock": machines.clock,
    "dog": animals.dog,
    "drip": elements.drip,
    "flute": instruments.flute,
    "footsteps": impacts.footsteps,
    "glass": impacts.glass,
    "hat": drums.hat,
    "kick": drums.kick,
    "knock": impacts.knock,
    "phone": machines.phone,
    "pluck": instruments.pluck,
    "snare": drums.snare,
    "thunder": elements.thunder,
}
_AMBIENCES = {
    "cricket": animals.cricket,
    "engine": machines.engine,
    "fire": elements.fire,
    "rain": elements.rain,
    "siren": machines.siren,
    "surf": elements.surf,
    "wind": elements.wind,
}

#: From the name of a family to a function that records one of its sounds with a random generator.
FAMILIES: Mapping[str, Recording] = MappingProxyType(
    {name: _recorded(play, _STROKE_S) for name, play in _STROKES.items()}
    | {name: _recorded(play, _AMBIENCE_S) for name, play in _AMBIENCES.items()}
)


def collection(seed: int = 0, per_family: int = 16) -> Iterator[Sound]:
    """Synthesize the demo collection, sound by sound, the same each time.

    Parameters
    ----------
    seed : int >= 0
        Another seed, another collection.
    per_family : int >= 0
        How many sounds of each of `FAMILIES`; the first ones stay as they are when it grows.

    Yields
    ------
    Sound
        Family by family; names are unique within a family.

    Examples
    --------
    >>> sound = next(collection())
    >>> sound.family, sound.samples.dtype
    ('bell', dtype('float32'))
    """
    for family, record in FAMILIES.items():
        for number in range(1, per_family + 1):
            # Seeded by name, so that a new family leaves the sounds of the others alone.
            random = np.random.default_rng([seed, crc32(family.encode()), number])
            samples = record(random)
            yield Sound(family, _file_name(random, family, number, samples), samples)


def _file_name(random: Generator, family: str, number: int, samples: NDArray[np.float32]) -> str:
    word = random.choice(_words(samples))
    styles = (
        f"{family}_{number:02}_{word}",
        f"{family.upper()} {number:02} ({word})",
        f"{word.title()}{family.title()}{number:02}",
        f"{family}-{word}-take{number}",
        f"{number:03} {word} {family}",
    )
    return f"{random.choice(styles)}.wav"


def _words(samples: NDArray[np.float32]) -> list[str]:
    """Describe a sound as whoever named the file would have."""
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    centroid_hz = np.average(frequencies, weights=spectrum)
    return [
        "bright" if centroid_hz > 2500 else "dark" if centroid_hz < 600 else "warm",
        "loud" if np.abs(samples).max() > 0.6 else "soft",
        "long" if len(samples) > 2 * SAMPLE_RATE else "short",
    ]
