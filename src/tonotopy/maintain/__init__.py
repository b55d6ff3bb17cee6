"""Looking after a library: what it holds, what is wrong with it, taking out, moving."""

from tonotopy.maintain.describing import Info, SpaceInfo, describe
from tonotopy.maintain.doctoring import Diagnosis, Finding, doctor
from tonotopy.maintain.removing import Removed, relocate, remove

__all__ = [
    "Diagnosis",
    "Finding",
    "Info",
    "Removed",
    "SpaceInfo",
    "describe",
    "doctor",
    "relocate",
    "remove",
]
