"""What the library holds: itself, recordings, windows."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection

from tonotopy import __version__, catalog
from tonotopy.filters import parse
from tonotopy.maintain import describe
from tonotopy.server.add_routes import adding_of, intake_of
from tonotopy.server.describing import answers_head
from tonotopy.server.job_routes import Running
from tonotopy.server.models import (
    AspectsOut,
    LabelCount,
    LibraryOut,
    RecordingOut,
    RecordingsOut,
    SpaceOut,
    TagCount,
    TagOut,
    WindowOut,
)
from tonotopy.server.served import Library, PathId

__all__ = ["router"]

router = APIRouter(tags=["library"])


@router.get("/library")
def get_library(request: Request, library: Library, jobs: Running) -> LibraryOut:
    """Say what the library holds."""
    info = describe(library)
    return LibraryOut(
        name=library.path.stem,
        version=__version__,
        read_only=library.read_only,
        n_recordings=info.n_recordings,
        n_missing=info.n_missing,
        n_windows=info.n_windows,
        n_failures=len(info.failures),
        duration_s=info.duration_s,
        spaces=[SpaceOut.model_validate(each, from_attributes=True) for each in info.spaces],
        labels=[LabelCount(label=label, n=n) for label, n in info.labels],
        tags=[TagCount(tag=tag, n=n) for tag, n in info.tags],
        adding=adding_of(intake_of(request), jobs, library),
    )


@router.get("/recordings")
def list_recordings(
    library: Library,
    where: str | None = None,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RecordingsOut:
    """List recordings, those that meet a filter."""
    with library.read() as connection:
        condition = catalog.condition(connection, parse(where), windows=False) if where else None
        ids = catalog.recording_ids(connection, condition)
        return RecordingsOut(
            total=len(ids), recordings=described(connection, ids[offset : offset + limit])
        )


@router.get("/recordings/{recording_id}")
def get_recording(library: Library, recording_id: PathId) -> RecordingOut:
    """Describe a recording."""
    with library.read() as connection:
        return described(connection, [recording_id])[0]


def described(connection: Connection, ids: Sequence[int]) -> list[RecordingOut]:
    """Describe recordings with their labels and first windows."""
    recordings = catalog.get_recordings(connection, ids)
    labels = catalog.recording_labels(connection, ids)
    default = [space for space in catalog.list_spaces(connection) if space.is_default]
    windows = catalog.window_ranges(connection, default[0], ids) if default else {}
    tagged = [space for space, _ in catalog.tagged_spaces(connection)]
    tags = catalog.tags_of_recordings(connection, tagged[0], ids) if tagged else {}
    aspects = catalog.aspects_of_recordings(connection, ids)
    return [
        RecordingOut(
            id=each.id,
            path=each.path,
            name=each.name,
            folder=each.folder,
            duration_s=each.duration_s,
            sample_rate=each.sample_rate,
            channels=each.channels,
            format=each.format,
            problem=each.problem,
            device=each.device,
            metadata=each.metadata,
            labels=catalog.labels_of(labels.get(each.id, ()), 0.0, each.duration_s),
            tags=[TagOut(name=tag.name, score=tag.score) for tag in tags.get(each.id, ())],
            aspects=AspectsOut(**aspects[each.id]._asdict()) if each.id in aspects else None,
            missing=each.missing,
            window_id=windows[each.id][0] if each.id in windows else None,
            n_windows=windows[each.id][1] if each.id in windows else 0,
        )
        for each in (recordings[recording_id] for recording_id in ids)
    ]


@router.get("/windows/{window_id}")
def get_window(library: Library, window_id: PathId) -> WindowOut:
    """Say which stretch of which recording a window is."""
    with library.read() as connection:
        window = catalog.get_windows(connection, [window_id])[window_id]
        recording = catalog.get_recordings(connection, [window.recording_id])[window.recording_id]
        labels = catalog.recording_labels(connection, [recording.id])
        (space,) = (each for each in catalog.list_spaces(connection) if each.id == window.space_id)
        tags = catalog.tags_of_windows(connection, space, [window_id])
    return WindowOut(
        id=window.id,
        recording_id=recording.id,
        path=recording.path,
        name=recording.name,
        folder=recording.folder,
        start_s=window.start_s,
        end_s=window.end_s,
        labels=catalog.labels_of(labels.get(recording.id, ()), window.start_s, window.end_s),
        tags=[TagOut(name=tag.name, score=tag.score) for tag in tags.get(window_id, ())],
        missing=recording.missing,
    )


answers_head(router)
