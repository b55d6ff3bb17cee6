"""What a user searches with, and the vectors it stands for."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from sqlalchemy import Connection

from tonotopy import catalog, embedders
from tonotopy.audio import is_audio_name
from tonotopy.catalog import Known, Recording, Space, SpaceVectors
from tonotopy.catalog.levels import levels_of_windows
from tonotopy.errors import DecodeError, NotInLibrary, QueryError
from tonotopy.hearing import Hearing
from tonotopy.ranking import Sound

__all__ = [
    "AudioFile",
    "Example",
    "Heard",
    "StoredRecording",
    "StoredWindow",
    "Words",
    "hear_example",
    "understand",
]


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A file to search with, or an interval of it."""

    path: str
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """A recording of the library to search with, or an interval of it."""

    id: int
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class StoredWindow:
    """A window of the library to search with."""

    id: int


@dataclass(frozen=True, slots=True)
class Words:
    """Words to search for, in what was heard, in names, folders and labels."""

    text: str


Example: TypeAlias = AudioFile | StoredRecording | StoredWindow


@dataclass(frozen=True, slots=True)
class Heard:
    """The windows of an example, and what of the library it is itself.

    Attributes
    ----------
    sound : Sound
        Its vectors in the space that is searched, and how loud its windows are.
    recording_id : int or None
        The recording it is, or is part of.
    interval : (float, float) or None
        The part of the recording, in seconds; None for all of it.
    """

    sound: Sound
    recording_id: int | None = None
    interval: tuple[float, float] | None = None


def understand(
    query: str | os.PathLike[str] | Example | Words,
    start_s: float | None = None,
    end_s: float | None = None,
) -> Example | Words:
    """Tell whether a query is a sound or words.

    An existing file is audio. What has the ending of an audio file, or a slash, and does not exist
    is a mistake. Anything else is words.

    Raises
    ------
    QueryError
        If a file is meant that does not exist, or an interval makes no sense.
    """
    if not isinstance(query, str | os.PathLike):
        return query
    text = os.fspath(query)
    path = os.path.abspath(os.path.expanduser(text))
    if os.path.isfile(path):
        check_interval(start_s, end_s)
        return AudioFile(path, start_s, end_s)
    if os.path.isdir(path):
        raise QueryError(f"{path} is a folder; give one of its files, or several with --like")
    if isinstance(query, os.PathLike) or os.sep in text or is_audio_name(text):
        raise QueryError(
            f"there is no file {path}; to search for words instead, leave out slashes and endings"
        )
    if not text.strip():
        raise QueryError("the query is empty; give an audio file or words")
    if start_s is not None or end_s is not None:
        raise QueryError(f"an interval goes with an audio file, and {text!r} is words")
    return Words(text)


def check_interval(start_s: float | None, end_s: float | None) -> None:
    """Refuse an interval that is empty or begins before the sound."""
    start = 0.0 if start_s is None else start_s
    if start < 0 or (end_s is not None and end_s <= start):
        shown = "the end" if end_s is None else f"{end_s:g}"
        raise QueryError(
            f"the interval {start:g} to {shown} s is empty or negative; "
            "it must start at 0 or later and end after its start"
        )


def hear_example(
    connection: Connection,
    space: Space,
    example: Example,
    weights: str | os.PathLike[str] | None = None,
) -> Heard:
    """Get the vectors of an example: from the library if it is there, from its sound if not.

    Raises
    ------
    QueryError
        If the example has no vectors in the space, and cannot get any.
    DecodeError
        If a file cannot be heard.
    """
    if isinstance(example, StoredWindow):
        window = catalog.get_windows(connection, [example.id])[example.id]
        if window.space_id != space.id:
            raise QueryError(f"window {example.id} is not of the space {space.name!r}")
        vectors = catalog.fetch_vectors(connection, space, np.array([example.id], np.int64))
        return Heard(Sound(vectors), window.recording_id, (window.start_s, window.end_s))
    if isinstance(example, StoredRecording):
        recording = catalog.get_recordings(connection, [example.id])[example.id]
        if example.start_s is None and example.end_s is None:
            return hear_recording(connection, space, example.id)
        return hear_part(connection, space, recording, example, weights)
    return hear_file(connection, space, example, weights)


def hear_part(
    connection: Connection,
    space: Space,
    recording: Recording,
    example: StoredRecording,
    weights: str | os.PathLike[str] | None,
) -> Heard:
    """Hear an interval of a recording: from its file, or if that is gone or new, by its windows."""
    check_interval(example.start_s, example.end_s)
    start_s = example.start_s or 0.0
    end_s = recording.duration_s if example.end_s is None else example.end_s
    if start_s >= recording.duration_s:
        raise QueryError(
            f"the interval starts at {start_s:g} s, and recording {recording.id} ends at "
            f"{recording.duration_s:g} s; give an interval within it"
        )
    known = catalog.find_by_path(connection, recording.file)
    here = os.path.isfile(recording.file) and known is not None and is_as_known(known)
    if space.embedder and here:
        sound = hear_interval(
            Path(recording.file), embedder_of(space, weights), space.hop_s, start_s, end_s
        )
        return Heard(sound, recording.id, (start_s, end_s))
    found = catalog.vectors_of_recordings(connection, space, [recording.id])
    windows = catalog.get_windows(connection, found.ids.tolist())
    inside = [
        min(window.end_s, end_s) - max(window.start_s, start_s)
        >= 0.5 * min(window.end_s - window.start_s, end_s - start_s)
        for window in (windows[each] for each in found.ids.tolist())
    ]
    if not any(inside):
        raise QueryError(
            f"recording {recording.id} has no window from {start_s:g} to {end_s:g} s in the space "
            f"{space.name!r}, and its file cannot be heard; choose a longer interval"
        )
    keep = np.array(inside)
    part = SpaceVectors(found.ids[keep], found.recording_ids[keep], found.vectors[keep])
    return Heard(stored_sound(connection, part), recording.id, (start_s, end_s))


def hear_recording(connection: Connection, space: Space, recording_id: int) -> Heard:
    """Get the vectors of a recording of the library."""
    found = catalog.vectors_of_recordings(connection, space, [recording_id])
    if not len(found.ids):
        raise QueryError(
            f"recording {recording_id} has no vectors in the space {space.name!r}; "
            f"add its file again with: --embedder {space.embedder}"
        )
    return Heard(stored_sound(connection, found), recording_id)


def stored_sound(connection: Connection, found: SpaceVectors) -> Sound:
    """Put the levels of stored windows beside their vectors."""
    return Sound(found.vectors, levels_of_windows(connection, found.ids))


def hear_file(
    connection: Connection,
    space: Space,
    example: AudioFile,
    weights: str | os.PathLike[str] | None,
) -> Heard:
    """Get the vectors of a file; one that the library holds is decoded only for an interval."""
    known = catalog.find_by_path(connection, example.path)
    if known is not None and not is_as_known(known):
        known = None
    whole = example.start_s is None and example.end_s is None
    if known is not None and whole:
        try:
            return hear_recording(connection, space, known.id)
        except (QueryError, NotInLibrary):
            pass  # it is in the library, but not in this space: hear it now
    start_s = example.start_s or 0.0
    sound = hear_interval(
        Path(example.path), embedder_of(space, weights), space.hop_s, start_s, example.end_s
    )
    end_s = np.inf if example.end_s is None else example.end_s
    return Heard(
        sound, None if known is None else known.id, None if whole else (start_s, float(end_s))
    )


def hear_interval(
    path: Path, embedder: embedders.Embedder, hop_s: float, start_s: float, end_s: float | None
) -> Sound:
    """Hear the windows of an interval, channels mixed."""
    hearing = Hearing(path, embedder, hop_s=hop_s, start_s=start_s, end_s=end_s)
    blocks = list(hearing.rows())
    if not blocks:
        raise DecodeError(path, f"there is no sound after {start_s:g} s")
    rows = np.concatenate(blocks)
    return Sound(rows["vector"].astype(np.float32), rows["level_db"])


def is_as_known(known: Known) -> bool:
    """Tell whether a file is still the one that was heard."""
    status = os.stat(known.path)
    return (status.st_size, status.st_mtime_ns) == (known.size, known.mtime_ns)


def embedder_of(space: Space, weights: str | os.PathLike[str] | None = None) -> embedders.Embedder:
    """Load the embedder of a space, as it was when the space was made."""
    if not space.embedder:
        raise QueryError(
            f"the space {space.name!r} holds imported vectors, so a file cannot be heard in it; "
            "search with one of its recordings, or in another space (--space NAME)"
        )
    embedder = embedders.load(embedders.with_weights(space.embedder, weights))
    if embedder.fingerprint != space.fingerprint and space.embedder in embedders.MODEL_FILES:
        raise QueryError(
            f"these weights of {space.embedder} ({embedder.fingerprint}) are not those that the "
            f"space {space.name!r} was made with ({space.fingerprint}); name the file that it was "
            "made with: --weights PATH"
        )
    if embedder.fingerprint != space.fingerprint:
        raise QueryError(
            f"{space.embedder} changed since the space {space.name!r} was made, so its vectors "
            f"cannot be compared; start a new space with: tonotopy add --embedder {space.embedder}"
        )
    return embedder
