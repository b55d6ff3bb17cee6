"""Words and sounds: AudioSet's tree, the 521 classes that taggers score, and everyday words."""

from tonotopy.ontology.classes import (
    CLASSES,
    N_CLASSES,
    SOUNDS,
    Sound,
    ancestors,
    children,
    class_index,
    class_indices,
    descendants,
    find,
    near_names,
    parents,
)
from tonotopy.ontology.everyday import Match, Term, match, near_words

__all__ = [
    "CLASSES",
    "N_CLASSES",
    "SOUNDS",
    "Match",
    "Sound",
    "Term",
    "ancestors",
    "children",
    "class_index",
    "class_indices",
    "descendants",
    "find",
    "match",
    "near_names",
    "near_words",
    "parents",
]
