"""Looking after a library: what it holds, what is wrong with it, labels, taking out, moving."""

from tonotopy.maintain.describing import (
    CodesInfo,
    Info,
    RecordingInfo,
    SpaceInfo,
    describe,
    describe_recording,
)
from tonotopy.maintain.doctoring import Diagnosis, Finding, doctor
from tonotopy.maintain.labelling import (
    Changed,
    change_annotations,
    label_items,
    unlabel_items,
)
from tonotopy.maintain.removing import Removed, relocate, remove

__all__ = [
    "Changed",
    "CodesInfo",
    "Diagnosis",
    "Finding",
    "Info",
    "RecordingInfo",
    "Removed",
    "SpaceInfo",
    "change_annotations",
    "describe",
    "describe_recording",
    "doctor",
    "label_items",
    "relocate",
    "remove",
    "unlabel_items",
]
