"""What is known of recordings beside their sound: the columns that a map can be coloured by."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, Recording
from tonotopy.errors import NotInLibrary
from tonotopy.explore.mapping import Items, MapPoints, item_vectors, map_points
from tonotopy.project import trustworthiness

__all__ = ["Column", "Kind", "Measures", "list_columns", "measure_points", "texts_of"]

Kind: TypeAlias = Literal["groups", "number", "time"]

FEW_VALUES = 12  # numbers that take no more values than this name groups


def seconds_since_epoch(moment: datetime | None) -> float:
    """Tell a moment as seconds; NaN where none was noted."""
    return math.nan if moment is None else moment.timestamp()


#: Columns that every recording has, in the order in which they are offered.
TEXTS: dict[str, Callable[[Recording], str | None]] = {
    "folder": lambda recording: recording.folder,
    "device": lambda recording: recording.device,
    "format": lambda recording: recording.format,
}
NUMBERS: dict[str, Callable[[Recording], float]] = {
    "duration_s": lambda recording: recording.duration_s,
    "sample_rate": lambda recording: float(recording.sample_rate),
}
TIMES: dict[str, Callable[[Recording], float]] = {
    "recorded_at": lambda recording: seconds_since_epoch(recording.recorded_at),
    "added_at": lambda recording: seconds_since_epoch(recording.added_at),
}
POSITION = "start_s"  # of windows alone: where in its recording each begins
TRUST = "trustworthiness"  # of a point of this very map
MOST_JUDGED = 50_000  # points of a map that was not judged when it was made; more take too long
RESERVED = {"label", "tag", POSITION, TRUST, *TEXTS, *NUMBERS, *TIMES, *catalog.MEASURES}


@dataclass(frozen=True, slots=True)
class Column:
    """Something that tells the points of a map apart."""

    name: str
    kind: Kind  #: groups that have names, numbers, or moments


@dataclass(frozen=True, slots=True)
class Measures:
    """A number for each point of a map.

    Attributes
    ----------
    values : ndarray of shape (n,), float64
        Times as seconds since 1970; NaN where nothing is known.
    version : str
        Of the map whose points they are, see `tonotopy.explore.MapPoints`.
    """

    values: NDArray[np.float64]
    version: str


def list_columns(
    library: Catalog,
    *,
    items: Items = "recordings",
    projection: str = "pca",
    space: str | None = None,
) -> list[Column]:
    """List what the points of a map can be coloured by.

    Metadata keys are named as in filters. A key is of numbers where all its values read as numbers
    and there are more than twelve of them; of groups otherwise. Trustworthiness is offered where
    it was stored with the map, or where the points are few enough to judge them when asked.

    Parameters
    ----------
    library : Catalog
        An open library.
    items : {"recordings", "windows"}
        What a point is; windows also have a place within their recording.
    projection : {"pca", "umap"}
        Which map of them.
    space : str, optional
        Of which space; the default space by default.

    Raises
    ------
    NotInLibrary
        If the projection has not been computed.
    """
    points = map_points(library, items=items, projection=projection, space=space)
    with library.read() as connection:
        recordings = catalog.get_recordings(connection, catalog.recording_ids(connection))
        tagged = catalog.tagged_spaces(connection)
        measured = catalog.measured_columns(connection)
    found = [Column("label", "groups")]
    if tagged:
        found.append(Column("tag", "groups"))
    for name, text_of in TEXTS.items():
        if any(text_of(each) for each in recordings.values()):
            found.append(Column(name, "groups"))
    found.extend(Column(name, "number") for name in (*NUMBERS, *measured))
    if items == "windows":
        found.append(Column(POSITION, "number"))
    if points.trust is not None or len(points.ids) <= MOST_JUDGED:
        found.append(Column(TRUST, "number"))
    for name, time_of in TIMES.items():
        if any(not math.isnan(time_of(each)) for each in recordings.values()):
            found.append(Column(name, "time"))
    return found + metadata_columns([each.metadata for each in recordings.values()])


def metadata_columns(known: list[dict[str, Any]]) -> list[Column]:
    """Find the keys of metadata, the most common first, and what kind each is."""
    plain = [
        (key, value)
        for metadata in known
        for key, value in metadata.items()
        if isinstance(value, str | int | float) and key not in RESERVED
    ]
    counts = Counter(key for key, _ in plain)
    values: dict[str, set[str | int | float]] = {key: set() for key in counts}
    for key, value in plain:
        values[key].add(value)
    return [
        Column(key, "number" if are_numbers(values[key]) else "groups")
        for key, _ in counts.most_common()
    ]


def are_numbers(values: set[str | int | float]) -> bool:
    """Tell whether values measure something rather than name groups.

    Examples
    --------
    >>> are_numbers({*range(13)}), are_numbers({"03", "04"}), are_numbers({*range(50), "unknown"})
    (True, False, False)
    """
    return len(values) > FEW_VALUES and not any(math.isnan(number_of(each)) for each in values)


def number_of(value: object) -> float:
    """Read a metadata value as a finite number; NaN where it is none.

    Examples
    --------
    >>> number_of("03"), number_of(2.5), number_of(True), number_of("inf")
    (3.0, 2.5, nan, nan)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return math.nan
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def measure_points(
    library: Catalog,
    *,
    by: str,
    items: Items = "recordings",
    projection: str = "pca",
    space: str | None = None,
) -> Measures:
    """Give a number for each point of a map.

    Parameters
    ----------
    library : Catalog
        An open library.
    by : str
        ``duration_s``, ``sample_rate``, ``recorded_at``, ``added_at``, ``trustworthiness``, what
        was measured, such as ``pitch_hz`` and ``loudness_db``, for windows ``start_s``, or a
        metadata key.
    items : {"recordings", "windows"}
        What a point is.
    projection : {"pca", "umap"}
        Which map of them.
    space : str, optional
        Of which space; the default space by default.

    Raises
    ------
    NotInLibrary
        If the projection has not been computed, or no recording has such a number.
    """
    points = map_points(library, items=items, projection=projection, space=space)
    if by == TRUST:
        trust = judged(library, points, items=items, projection=projection, space=space)
        return Measures(trust.astype(np.float64), points.version)
    with library.read() as connection:
        if by == POSITION and items == "windows":
            windows = catalog.get_windows(connection, points.ids.tolist())
            starts = [windows[each].start_s for each in points.ids.tolist()]
            return Measures(np.array(starts, np.float64), points.version)
        owners, owner_of = np.unique(points.recording_ids, return_inverse=True)
        if by in catalog.MEASURES:
            measured = aspect_values(connection, owners.tolist(), by)
        else:
            measure = NUMBERS.get(by) or TIMES.get(by) or metadata_number(by)
            recordings = catalog.get_recordings(connection, owners.tolist())
            measured = np.array([measure(recordings[each]) for each in owners.tolist()], np.float64)
    if by not in NUMBERS and len(measured) and np.isnan(measured).all():
        raise NotInLibrary(f"no recording of this map has a number {by!r}")
    return Measures(measured[owner_of], points.version)


def judged(
    library: Catalog, points: MapPoints, *, items: Items, projection: str, space: str | None
) -> NDArray[np.float32]:
    """Tell how far each point of a map can be trusted, see `tonotopy.project.trustworthiness`."""
    if points.trust is not None:
        return points.trust
    if len(points.ids) > MOST_JUDGED:
        raise NotInLibrary(
            f"this map of {len(points.ids):,} points was not judged when it was made; "
            "compute its UMAP again"
        )

    def judge(_: object) -> NDArray[np.float32]:
        loaded = item_vectors(connection, chosen, items)
        vectors = loaded.vectors[np.searchsorted(loaded.ids, points.ids)]
        return trustworthiness(points.coordinates, vectors, metric=chosen.metric)

    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        key = f"trustworthiness of {projection} of {items} of space {chosen.id}"
        return library.kept(key, points.version, judge)


def aspect_values(connection: Connection, ids: list[int], name: str) -> NDArray[np.float64]:
    """Tell what was measured of recordings; NaN where nothing was."""
    known = catalog.aspects_of_recordings(connection, ids)
    return np.array(
        [getattr(known[each], name) if each in known else None for each in ids], np.float64
    )


def metadata_number(key: str) -> Callable[[Recording], float]:
    """Make the function that reads a number from the metadata of a recording."""
    return lambda recording: number_of(recording.metadata.get(key))


def texts_of(connection: Connection, points: MapPoints, by: str) -> list[str | None]:
    """Tell the value of a column for each point, as text; None where it has none."""
    owners, owner_of = np.unique(points.recording_ids, return_inverse=True)
    recordings = catalog.get_recordings(connection, owners.tolist())
    text_of = TEXTS.get(by) or metadata_text(by)
    values = [text_of(recordings[each]) for each in owners.tolist()]
    return [values[place] for place in owner_of.tolist()]


def metadata_text(key: str) -> Callable[[Recording], str | None]:
    """Make the function that reads a text from the metadata of a recording."""

    def text_of(recording: Recording) -> str | None:
        value = recording.metadata.get(key)
        if isinstance(value, bool):
            return "yes" if value else "no"
        return str(value) if isinstance(value, str | int | float) else None

    return text_of
