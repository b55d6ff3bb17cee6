"""What a search gives back."""

from dataclasses import asdict, dataclass, field
from typing import Any

from tonotopy.catalog import Tag

__all__ = ["Hit", "Results"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A recording, or a stretch of one, that a search found."""

    rank: int  #: from 1
    score: float  #: larger is better; `Results.score_name` says what it is
    recording_id: int
    window_id: int | None  #: the best window, or the first where only words found the recording
    path: str
    start_s: float
    end_s: float
    labels: list[str]
    tags: list[Tag]  #: what was heard, the highest score first; see `tonotopy.catalog.shown`
    why: str | None  #: what was heard and which words stand where; None where sound was compared
    missing: bool  #: whether the file is gone
    aspects: dict[str, float] | None = None  #: likeness in each that was asked for, 0 to 1


@dataclass(frozen=True, slots=True)
class Results:
    """What a search found."""

    query: str
    space: str | None  #: None where only words were searched
    score_name: str
    hits: list[Hit]
    notes: list[str] = field(default_factory=list)  #: what of the query could not be used

    def to_json(self) -> dict[str, Any]:
        """Give the results as JSON has them."""
        return asdict(self)
