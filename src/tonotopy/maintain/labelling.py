"""The verbs of labelling: saying what things are, taking it back, all of it or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Annotation, Catalog, NewAnnotation, Polarity, Recording
from tonotopy.errors import QueryError

__all__ = ["MAX_LABEL", "Changed", "change_annotations", "label_items", "unlabel_items"]

MAX_LABEL = 200  # characters


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change of annotations did; undone by adding `removed` and removing `added`."""

    added: list[int]  #: ids of new annotations
    removed: list[Annotation]
    unchanged: int  #: things of which the same was said before


def change_annotations(
    library: Catalog, *, add: Sequence[NewAnnotation] = (), remove: Sequence[int] = ()
) -> Changed:
    """Remove annotations, then add others, in one transaction.

    To move one, remove it and add it elsewhere. What is added is said by a person; an opposite
    that a person said of the same place is replaced.

    Parameters
    ----------
    library : Catalog
        An open library.
    add : sequence of NewAnnotation
        What is said; a stretch is cut to the length of its recording, a band to what it can hold.
    remove : sequence of int
        Ids.

    Raises
    ------
    NotInLibrary
        If a recording, or an annotation to remove, is not there. Nothing is changed then.
    QueryError
        If a label is empty or too long, or a stretch or band is not within the recording.
    LibraryError
        If the library is read-only, or another program is writing to it all the while.
    """
    with library.write() as connection:
        concerned = sorted({each.recording_id for each in add})
        recordings = catalog.get_recordings(connection, concerned)
        fitting = [fitted(each, recordings[each.recording_id]) for each in add]
        taken = catalog.remove_annotations(connection, remove)
        added, replaced = catalog.add_annotations(connection, fitting)
        reindex(connection, [*concerned, *(each.recording_id for each in taken)])
    return Changed(added, [*taken, *replaced], len(fitting) - len(added))


def label_items(
    library: Catalog,
    ids: Sequence[int],
    label: str,
    *,
    items: Literal["recordings", "windows"] = "recordings",
    polarity: Polarity = "positive",
) -> Changed:
    """Label recordings as wholes, or the stretches of windows.

    Parameters
    ----------
    library : Catalog
        An open library.
    ids : sequence of int
        Of recordings or windows.
    label : str
        What they are.
    items : {"recordings", "windows"}
        What the ids are of.
    polarity : {"positive", "negative", "unsure"}
        Whether they are.

    Raises
    ------
    NotInLibrary
        If one of them is not there. Nothing is labelled then.
    QueryError
        If the label is empty or too long.
    LibraryError
        If the library cannot be written.
    """
    with library.read() as connection:
        places = places_of(connection, ids, items)
    said = [replace(each, label=label, polarity=polarity) for each in places]
    return change_annotations(library, add=said)


def unlabel_items(
    library: Catalog,
    ids: Sequence[int],
    label: str,
    *,
    items: Literal["recordings", "windows"] = "recordings",
) -> Changed:
    """Take a label, whatever its polarity, from recordings or windows, where a person gave it.

    Parameters
    ----------
    library : Catalog
        An open library.
    ids : sequence of int
        Of recordings or windows.
    label : str
        Which label.
    items : {"recordings", "windows"}
        What the ids are of; of a window, only what was said of exactly its stretch is taken.

    Raises
    ------
    NotInLibrary
        If one of them is not there.
    LibraryError
        If the library cannot be written.
    """
    with library.write() as connection:
        places = places_of(connection, ids, items)
        wanted = {(each.recording_id, each.start_s, each.end_s) for each in places}
        concerned = sorted({each.recording_id for each in places})
        said = catalog.list_annotations(connection, recording_ids=concerned, label=clean(label))
        mine = [
            each.id
            for each in said
            if each.provenance == "person"
            and (each.recording_id, each.start_s, each.end_s) in wanted
        ]
        removed = catalog.remove_annotations(connection, mine)
        reindex(connection, concerned)
    return Changed([], removed, len(places) - len(removed))


def places_of(connection: Connection, ids: Sequence[int], items: str) -> list[NewAnnotation]:
    """Say what things are, each once, as annotations without a label."""
    once = list(dict.fromkeys(ids))
    if items == "recordings":
        catalog.get_recordings(connection, once)
        return [NewAnnotation(each, "") for each in once]
    windows = catalog.get_windows(connection, once)
    return [
        NewAnnotation(window.recording_id, "", window.start_s, window.end_s)
        for window in (windows[each] for each in once)
    ]


def clean(label: str) -> str:
    """Trim a label.

    Raises
    ------
    QueryError
        If nothing is left, too much is, or it holds what is no text.

    Examples
    --------
    >>> clean("  distant   thunder ")
    'distant thunder'
    """
    trimmed = " ".join(label.split())
    if not trimmed or len(trimmed) > MAX_LABEL:
        raise QueryError(f"a label has 1 to {MAX_LABEL} characters, not {len(trimmed)}")
    if not trimmed.isprintable():  # lone surrogates too, which no database keeps
        raise QueryError(f"the label {trimmed!a} holds characters that cannot be shown")
    return trimmed


def fitted(said: NewAnnotation, recording: Recording) -> NewAnnotation:
    """Cut an annotation to what its recording holds.

    Raises
    ------
    QueryError
        If nothing is left of it.
    """
    start_s, end_s, low_hz, high_hz = said.start_s, said.end_s, said.low_hz, said.high_hz
    if (start_s is None) != (end_s is None):
        raise QueryError("a stretch has a start and an end; give both, or neither for all of it")
    if start_s is not None and end_s is not None:
        start_s, end_s = max(0.0, start_s), min(end_s, recording.duration_s)
        if not start_s < end_s:
            raise QueryError(
                f"there is no stretch from {said.start_s:g} to {said.end_s:g} s in "
                f"{recording.name}, which has {recording.duration_s:g} s"
            )
    top_hz = recording.sample_rate / 2
    low_hz = None if low_hz is None or low_hz <= 0 else low_hz
    high_hz = None if high_hz is None or high_hz >= top_hz else high_hz
    if not (low_hz or 0.0) < (top_hz if high_hz is None else high_hz):
        raise QueryError(
            f"there is no band from {said.low_hz} to {said.high_hz} Hz in {recording.name}, "
            f"which reaches {top_hz:g} Hz"
        )
    return replace(
        said, label=clean(said.label), start_s=start_s, end_s=end_s, low_hz=low_hz, high_hz=high_hz
    )


def reindex(connection: Connection, recording_ids: Sequence[int]) -> None:
    """Let words find recordings by the labels that they have now."""
    catalog.index_words(connection, sorted(set(recording_ids)))
