"""What `add` tells: how far it is, and what it did."""

from dataclasses import dataclass, field

__all__ = ["Progress", "Report"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far `add` is."""

    done: int  #: files heard, or found unfit
    n_files: int  #: files to hear
    done_bytes: int
    n_bytes: int
    audio_s: float  #: seconds of sound heard
    path: str  #: the file that was done last, empty at the beginning
    n_failed: int = 0  #: files that could not be added


@dataclass(slots=True)
class Report:
    """What `add` did."""

    space: str = ""
    new_space: bool = False
    added: int = 0
    unchanged: int = 0
    changed: int = 0
    moved: int = 0
    missing: int = 0
    measured: int = 0  #: known before, and now their pitch, loudness and rhythm too
    failed: list[dict[str, str]] = field(default_factory=list)  #: path and reason
    problems: list[dict[str, str]] = field(default_factory=list)  #: added, but not all of it
    windows: int = 0
    audio_s: float = 0.0
    elapsed_s: float = 0.0
