"""What travels as JSON, in and out; the OpenAPI document is made from these."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from tonotopy.catalog import Polarity
from tonotopy.explore import Items
from tonotopy.server.ids import Id
from tonotopy.server.job_models import AddingOut, Job

__all__ = [
    "AnnotationIn",
    "AnnotationOut",
    "AnnotationsIn",
    "ChangedOut",
    "ColumnOut",
    "ExamplesIn",
    "HitOut",
    "Items",
    "LabelCount",
    "LabelIn",
    "LabelOut",
    "LegendEntry",
    "LibraryOut",
    "Problem",
    "ProjectionOut",
    "RecordingOut",
    "ResultsOut",
    "SearchIn",
    "SpaceOut",
    "TagCount",
    "TagOut",
    "WindowOut",
    "WithinIn",
]

MAX_HITS = 1000
MAX_EXAMPLES = 100
MAX_WITHIN = 100_000

Finite = Annotated[float, Field(allow_inf_nan=False)]
Weight = Annotated[float, Field(allow_inf_nan=False, ge=0, le=1000)]


class Problem(BaseModel):
    """Why a request could not be answered, in a sentence."""

    error: str


class SpaceOut(BaseModel):
    """One embedder's vectors."""

    name: str
    embedder: str
    dim: int
    window_s: float
    hop_s: float
    score_name: str
    licence: str
    is_default: bool
    n_recordings: int
    n_windows: int


class LabelCount(BaseModel):
    """A label and how many recordings have it."""

    label: str
    n: int


class TagCount(BaseModel):
    """A tag and how many recordings have it."""

    tag: str
    n: int


class LibraryOut(BaseModel):
    """What the library holds."""

    name: str
    version: str
    read_only: bool = Field(description="whether labels can be neither added nor removed")
    n_recordings: int
    n_missing: int
    n_windows: int
    n_failures: int
    duration_s: float
    spaces: list[SpaceOut]
    labels: list[LabelCount]
    tags: list[TagCount] = Field(description="the most common first")
    adding: AddingOut


class TagOut(BaseModel):
    """A class of sounds that was heard."""

    name: str
    score: float = Field(description="0 to 1")


class AspectsOut(BaseModel):
    """What was measured of a recording beside its vectors."""

    loudness_db: float = Field(description="K-weighted level, LUFS of the mix; -120: silence")
    pitch_hz: float | None = Field(description="fundamental; null where most has none")
    voicing: float = Field(description="how much of it has a pitch, 0 to 1")
    brightness_hz: float | None = Field(description="centroid of its power; null in silence")
    onsets_per_s: float = Field(description="beginnings of sounds after the first, per second")
    pulse: float = Field(description="how regular they are, 0 to 1")
    attack_s: float = Field(description="how long sounds rise")
    decay_s: float = Field(description="how long they last from there on")


class RecordingOut(BaseModel):
    """A file of the library."""

    id: int
    path: str
    name: str
    folder: str
    duration_s: float
    sample_rate: int
    channels: int
    format: str
    problem: str | None
    device: str | None
    metadata: dict[str, Any]
    labels: list[str]
    tags: list[TagOut] = Field(description="the highest score first")
    aspects: AspectsOut | None = Field(description="null: not measured yet")
    missing: bool
    window_id: int | None = Field(description="first window in the default space")
    n_windows: int


class RecordingsOut(BaseModel):
    """Some recordings, and how many there are in all."""

    total: int
    recordings: list[RecordingOut]


class WindowOut(BaseModel):
    """A stretch of a recording."""

    id: int
    recording_id: int
    path: str
    name: str
    folder: str
    start_s: float
    end_s: float
    labels: list[str]
    tags: list[TagOut] = Field(description="the highest score first")
    missing: bool = Field(description="whether the recording's file is gone")


class AnnotationIn(BaseModel):
    """Something said of a recording, or of a stretch or a box of it."""

    recording_id: Id
    label: str
    start_s: Finite | None = Field(None, description="null: from the beginning to the end")
    end_s: Finite | None = None
    low_hz: Finite | None = Field(None, description="null: as low as the sound reaches")
    high_hz: Finite | None = None
    polarity: Polarity = "positive"


class AnnotationOut(AnnotationIn):
    """An annotation that the library holds."""

    id: int
    provenance: str = Field(description="who says so: person, folder, name, or a classifier")
    confidence: float | None
    created_at: datetime


class AnnotationsIn(BaseModel):
    """A change of annotations: what is added, and the ids of what is removed."""

    add: list[AnnotationIn] = []
    remove: list[Id] = []


class LabelIn(BaseModel):
    """A label for many things; without a polarity it is taken away."""

    label: str
    of: Items = "recordings"
    ids: list[Id] = Field(min_length=1)
    polarity: Polarity | None = "positive"


class ChangedOut(BaseModel):
    """What a change of annotations did."""

    added: list[int] = Field(description="ids of the new annotations")
    removed: list[AnnotationOut]
    unchanged: int = Field(description="things of which the same was said before")


class LabelOut(BaseModel):
    """How a label is used."""

    label: str
    n: int = Field(description="recordings that carry it")
    positive: int = Field(description="annotations")
    negative: int
    unsure: int


class HitOut(BaseModel):
    """A recording, or a stretch, that a search found."""

    rank: int
    score: float = Field(description="larger is better; score_name says what it is")
    recording_id: int
    window_id: int | None
    path: str
    name: str
    folder: str
    start_s: float
    end_s: float
    labels: list[str]
    tags: list[TagOut] = Field(description="the highest score first")
    why: str | None
    missing: bool
    aspects: dict[str, float] | None = Field(
        None, description="how alike it is in each aspect that was asked for, 0 to 1"
    )


class ResultsOut(BaseModel):
    """What a search found."""

    query: str
    space: str | None
    score_name: str
    hits: list[HitOut]
    notes: list[str] = Field(description="what of the query could not be used")


class WithinIn(BaseModel):
    """The only things that may be found."""

    of: Items = "recordings"
    ids: list[Id] = Field(max_length=MAX_WITHIN, description="those that are gone are passed over")


Windows = Annotated[list[Id], Field(max_length=MAX_EXAMPLES, description="window ids")]
Recordings = Annotated[list[Id], Field(max_length=MAX_EXAMPLES, description="recording ids")]


class AspectsIn(BaseModel, extra="forbid"):
    """How much each aspect counts; the score is the weighted mean of how alike in each."""

    timbre: Weight = 0.0
    pitch: Weight = 0.0
    loudness: Weight = 0.0
    rhythm: Weight = 0.0


class ExamplesIn(BaseModel):
    """More sounds to be like, sounds not to be like, in which aspects, and what may be found."""

    like: Windows = []
    unlike: Windows = []
    like_recordings: Recordings = []
    unlike_recordings: Recordings = []
    aspects: AspectsIn | None = None
    within: WithinIn | None = None

    @property
    def weights(self) -> dict[str, float] | None:
        """The weights of aspects, as `search` takes them."""
        return None if self.aspects is None else self.aspects.model_dump()


class SearchIn(ExamplesIn):
    """What to search with: words, or a window or recording of the library, or examples.

    With nothing of that, what `where` and `within` let through is listed.
    """

    words: str | None = Field(None, max_length=1000)
    window_id: Id | None = None
    recording_id: Id | None = None
    start_s: Finite | None = Field(None, description="of the recording; null: its beginning")
    end_s: Finite | None = Field(None, description="of the recording; null: its end")
    k: int = Field(20, ge=1, le=MAX_HITS)
    by: Literal["recording", "window"] = "recording"
    per_recording: int | None = Field(None, ge=1)
    rerank: bool = Field(
        True, description="compare exactly what codes propose; false: codes decide"
    )
    where: str | None = None
    text_from: list[Literal["tags", "names", "labels"]] | None = Field(
        None, min_length=1, max_length=3, description="where words are looked for; everywhere"
    )
    space: str | None = None


class ProjectionOut(BaseModel):
    """A way to lay the library out, and whether it can be shown at once."""

    name: str
    ready: bool
    behind: int = Field(description="recordings or windows that came after it was computed")
    job: Job | None = None


class LegendEntry(BaseModel):
    """A colour of the map: its code is its place in the list."""

    name: str
    n: int


class ColumnOut(BaseModel):
    """What a map can be coloured by."""

    name: str
    kind: Literal["groups", "number", "time"]
