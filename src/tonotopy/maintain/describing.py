"""The verbs behind ``info`` and ``spaces``: what a library holds, what is known of a recording."""

import os
from dataclasses import dataclass
from datetime import datetime

from tonotopy import catalog
from tonotopy.catalog import Catalog, Failure, Model
from tonotopy.distance import score_name
from tonotopy.errors import NotInLibrary
from tonotopy.features.aspects import Aspects

__all__ = ["CodesInfo", "Info", "RecordingInfo", "SpaceInfo", "describe", "describe_recording"]


@dataclass(frozen=True, slots=True)
class CodesInfo:
    """The codes that were learned from a space, and how good they are."""

    method: str
    bits: int
    bytes_per_window: int
    map_exact: float | None  #: on recordings held out, comparing vectors; None without labels
    map_codes: float | None  #: comparing codes alone
    map_kept: float | None  #: the share of the exact one; above 1 where labels taught more
    map_kept_unlabelled: float | None  #: that of classes whose labels a trial did not see
    n_classes: int
    coverage: float  #: share of the windows that had one of the classes, 0 to 1
    trained_at: datetime


@dataclass(frozen=True, slots=True)
class SpaceInfo:
    """A space and how much it holds."""

    name: str
    embedder: str
    dim: int
    window_s: float
    hop_s: float
    channels: str
    score_name: str
    licence: str
    is_default: bool
    n_recordings: int
    n_windows: int
    codes: CodesInfo | None = None  #: that ``tonotopy train hashing`` learned


@dataclass(frozen=True, slots=True)
class Info:
    """What a library holds."""

    path: str
    file_bytes: int
    n_recordings: int
    n_missing: int
    duration_s: float
    n_windows: int
    roots: list[str]
    formats: dict[str, int]  #: recordings by format, the most common first
    labels: list[tuple[str, int]]  #: recordings by label, the most common first
    tags: list[tuple[str, int]]  #: recordings by what was heard in them, the most common first
    spaces: list[SpaceInfo]
    failures: list[Failure]
    problems: list[tuple[str, str]]  #: recordings that could be heard only in part, and why


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """What is known of a recording."""

    id: int
    path: str
    format: str
    duration_s: float
    sample_rate: int
    channels: int
    labels: list[str]
    aspects: dict[str, float | None] | None  #: the fields of `Aspects`; None: not measured yet
    missing: bool


def describe_recording(library: Catalog, path: str | os.PathLike[str]) -> RecordingInfo:
    """Say what is known of a recording.

    Raises
    ------
    NotInLibrary
        If the library does not hold the file.
    """
    file = os.path.abspath(os.path.expanduser(path))
    with library.read() as connection:
        known = catalog.find_by_path(connection, file)
        if known is None:
            raise NotInLibrary(f"{file} is not in this library; add it with: tonotopy add PATH")
        recording = catalog.get_recordings(connection, [known.id])[known.id]
        labels = catalog.recording_labels(connection, [known.id]).get(known.id, ())
        aspects: Aspects | None = catalog.aspects_of_recordings(connection, [known.id]).get(
            known.id
        )
    return RecordingInfo(
        id=known.id,
        path=recording.path,
        format=recording.format,
        duration_s=recording.duration_s,
        sample_rate=recording.sample_rate,
        channels=recording.channels,
        labels=catalog.labels_of(labels, 0.0, recording.duration_s),
        aspects=None if aspects is None else aspects._asdict(),
        missing=recording.missing,
    )


def describe(library: Catalog) -> Info:
    """Say what a library holds.

    Raises
    ------
    LibraryError
        If it is empty or cannot be read.
    """
    with library.read() as connection:
        totals = catalog.recording_totals(connection)
        spaces = [
            SpaceInfo(
                name=space.name,
                embedder=space.embedder,
                dim=space.dim,
                window_s=space.window_s,
                hop_s=space.hop_s,
                channels=space.channels,
                score_name=score_name(space.metric),
                licence=space.licence,
                is_default=space.is_default,
                n_recordings=counts.recordings,
                n_windows=counts.windows,
                codes=describe_codes(
                    catalog.find_model(connection, space_id=space.id, kind="hashing", name="codes")
                ),
            )
            for space in catalog.list_spaces(connection)
            for counts in [catalog.space_counts(connection, space.id)]
        ]
        return Info(
            path=str(library.path),
            file_bytes=library.path.stat().st_size,
            n_recordings=totals.n_recordings,
            n_missing=totals.n_missing,
            duration_s=totals.duration_s,
            n_windows=sum(space.n_windows for space in spaces),
            roots=[catalog.escape(root) for _, root in catalog.list_roots(connection)],
            formats=totals.formats,
            labels=catalog.label_counts(connection),
            tags=[
                count
                for space, _ in catalog.tagged_spaces(connection)[:1]
                for count in catalog.tag_counts(connection, space)
            ],
            spaces=spaces,
            failures=catalog.list_failures(connection),
            problems=catalog.partial_recordings(connection),
        )


def describe_codes(model: Model | None) -> CodesInfo | None:
    """Say what codes take and keep."""
    if model is None:
        return None
    exact, codes = model.scores["map_exact"], model.scores["map_codes"]
    exact_unseen = model.scores.get("map_exact_unlabelled")
    unseen = model.scores.get("map_codes_unlabelled")
    return CodesInfo(
        method=model.parameters["method"],
        bits=model.parameters["bits"],
        bytes_per_window=model.parameters["bits"] // 8,
        map_exact=exact,
        map_codes=codes,
        map_kept=codes / exact if exact and codes is not None else None,
        map_kept_unlabelled=unseen / exact_unseen if exact_unseen and unseen is not None else None,
        n_classes=len(model.scores["classes"]),
        coverage=model.scores["n_labelled"] / max(1, model.scores["n_windows"]),
        trained_at=model.created_at,
    )
