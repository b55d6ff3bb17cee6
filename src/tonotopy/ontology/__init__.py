"""Words and sounds: AudioSet's tree of sounds and the 521 classes of it that taggers score."""

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
