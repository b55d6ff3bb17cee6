"""The classes of sounds that taggers score, and AudioSet's tree above them.

A tagger scores 521 classes, those of YAMNet's list. They are most of the 632 sounds of AudioSet's
ontology [1]_, a tree in which "Dog" stands below "Domestic animals, pets" below "Animal"; a few
sounds stand below several. Names and tree are Google's, under CC BY-SA 4.0.

References
----------
.. [1] J. F. Gemmeke et al., "Audio Set: An ontology and human-labeled dataset for audio events",
   ICASSP 2017.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from typing import Final

__all__ = [
    "CLASSES",
    "N_CLASSES",
    "SOUNDS",
    "Sound",
    "ancestors",
    "children",
    "class_index",
    "class_indices",
    "descendants",
    "find",
    "near_names",
    "parents",
]


@dataclass(frozen=True, slots=True)
class Sound:
    """One kind of sound of the tree."""

    mid: str  #: AudioSet's id, such as ``"/m/0bt9lr"``
    name: str  #: as people read it, such as ``"Baby cry, infant cry"``
    index: int | None  #: its place among the classes that taggers score; None if it is not there
    parent_mids: tuple[str, ...]
    child_mids: tuple[str, ...]


def _load() -> dict[str, Sound]:
    rows = json.loads(files("tonotopy.ontology").joinpath("audioset.json").read_text("utf-8"))
    mids = [mid for mid, _, _, _ in rows["sounds"]]
    below = {mid: [mids[row] for row in rows_below] for mid, _, _, rows_below in rows["sounds"]}
    above: dict[str, list[str]] = {mid: [] for mid in mids}
    for mid, mids_below in below.items():
        for each in mids_below:
            above[each].append(mid)
    return {
        mid: Sound(mid, name, index, tuple(above[mid]), tuple(below[mid]))
        for mid, name, index, _ in rows["sounds"]
    }


#: The tree: every sound by its id.
SOUNDS: Final[dict[str, Sound]] = _load()

#: The classes in the order in which taggers score them: ``CLASSES[69]`` is ``Dog``.
CLASSES: Final[tuple[Sound, ...]] = tuple(
    sorted(
        (sound for sound in SOUNDS.values() if sound.index is not None),
        key=lambda sound: sound.index or 0,
    )
)

N_CLASSES: Final = len(CLASSES)


def _named() -> dict[str, Sound]:
    """Index sounds by name, and by the parts of names that mean one sound only."""
    whole = {sound.name.casefold(): sound for sound in SOUNDS.values()}
    parts: dict[str, list[Sound]] = {}
    for sound in SOUNDS.values():
        plain = re.sub(r" \(.*\)", "", sound.name.casefold())
        for part in {plain, *plain.split(", ")}:
            parts.setdefault(part, []).append(sound)
    return {part: found[0] for part, found in parts.items() if len(found) == 1} | whole


_NAMED: Final = _named()


def find(name: str) -> Sound | None:
    """Find a sound by its name, in any case, or by its id.

    Parameters
    ----------
    name : str
        A full name, or a part of one: without what stands in parentheses, or one of the synonyms
        that it lists, if no other sound has it.

    Examples
    --------
    >>> find("infant cry").name
    'Baby cry, infant cry'
    >>> find("puppy") is None
    True
    """
    return _NAMED.get(name.strip().casefold()) or SOUNDS.get(name.strip())


def class_index(name: str) -> int | None:
    """Find where taggers score a class; None if there is no such class.

    Examples
    --------
    >>> class_index("dog"), class_index("Domestic sounds, home sounds")
    (69, None)
    """
    sound = find(name)
    return None if sound is None else sound.index


def class_indices(name: str) -> tuple[int, ...]:
    """List where taggers score a sound and all that stand below it, in order.

    Examples
    --------
    >>> [CLASSES[each].name for each in class_indices("Pigeon, dove")]
    ['Pigeon, dove', 'Coo']
    """
    sound = find(name)
    if sound is None:
        return ()
    indices = {each.index for each in (sound, *descendants(sound))}
    return tuple(sorted(index for index in indices if index is not None))


def parents(sound: Sound) -> tuple[Sound, ...]:
    """List the sounds right above one."""
    return tuple(SOUNDS[mid] for mid in sound.parent_mids)


def children(sound: Sound) -> tuple[Sound, ...]:
    """List the sounds right below one."""
    return tuple(SOUNDS[mid] for mid in sound.child_mids)


def ancestors(sound: Sound) -> tuple[Sound, ...]:
    """List the sounds above one, the nearest first, each once.

    Examples
    --------
    >>> [each.name for each in ancestors(CLASSES[69])]
    ['Domestic animals, pets', 'Animal']
    """
    return _closure(sound, parents)


def descendants(sound: Sound) -> tuple[Sound, ...]:
    """List the sounds below one, the nearest first, each once."""
    return _closure(sound, children)


def _closure(sound: Sound, step: Callable[[Sound], tuple[Sound, ...]]) -> tuple[Sound, ...]:
    found: dict[str, Sound] = {}
    level = step(sound)
    while level:
        found |= {each.mid: each for each in level if each.mid not in found}
        level = tuple(after for each in level for after in step(each) if after.mid not in found)
    return tuple(found.values())


def near_names(name: str, *, n_names: int = 3) -> list[str]:
    """List names of classes that are spelt much like one, the nearest first.

    Parameters
    ----------
    name : str
        What was written.
    n_names : int, default 3
        How many to list at most.

    Examples
    --------
    >>> near_names("helicoptr")
    ['Helicopter']
    """
    spelt = {part: sound.name for part, sound in _NAMED.items() if sound.index is not None}
    near = get_close_matches(name.casefold(), spelt, n=2 * n_names, cutoff=0.7)
    return list(dict.fromkeys(spelt[part] for part in near))[:n_names]
