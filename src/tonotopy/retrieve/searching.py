"""The verb `search`."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, Space
from tonotopy.errors import QueryError
from tonotopy.ranking import (
    Scores,
    Sound,
    Stretch,
    one_per_run,
    rank_groups,
    score_windows,
)
from tonotopy.retrieve.aspects import checked_aspects
from tonotopy.retrieve.candidates import Pool
from tonotopy.retrieve.coding import Plan, plan_search
from tonotopy.retrieve.filtering import Scope
from tonotopy.retrieve.listing import SCORE_NAME, Found, as_whole, list_allowed
from tonotopy.retrieve.mixing import find_by_aspects, placed
from tonotopy.retrieve.query import (
    AudioFile,
    Example,
    Heard,
    StoredRecording,
    StoredWindow,
    Words,
    hear_example,
    understand,
)
from tonotopy.retrieve.results import Hit, Results
from tonotopy.retrieve.texts import TextSource, search_text

__all__ = ["Hit", "Results", "search"]

Query: TypeAlias = str | os.PathLike[str] | AudioFile | StoredRecording | StoredWindow | Words
DETAILS_AT_ONCE = 256  # windows looked up at once while runs are merged


def search(
    library: Catalog,
    query: Query | None = None,
    *,
    k: int = 10,
    by: Literal["recording", "window"] = "recording",
    per_recording: int | None = None,
    where: str | None = None,
    within: Sequence[StoredRecording | StoredWindow] | None = None,
    like: Sequence[Query] = (),
    unlike: Sequence[Query] = (),
    aspects: Mapping[str, float] | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
    text_from: Sequence[TextSource] | None = None,
    space: str | None = None,
    index: str = "auto",
    rerank: bool = True,
    weights: str | os.PathLike[str] | None = None,
) -> Results:
    """Find what sounds like a file, or what words name.

    Parameters
    ----------
    library : Catalog
        An open library.
    query : str, path-like or Example, optional
        An existing file is a sound to search with; other text is words. May be left out where
        `like` says what to search with, and where `where` or `within` says what to list.
    k : int, default 10
        How many hits to return at most.
    by : {"recording", "window"}, default "recording"
        Whether a hit is a recording with its best window, or a stretch: one hit for each run of
        overlapping windows.
    per_recording : int, optional
        With ``by="window"``, how many hits one recording may have.
    where : str, optional
        Filter, e.g. ``"label = 'door' and duration_s < 2"``; see `tonotopy.filters`.
    within : sequence of StoredRecording or StoredWindow, optional
        Nothing but these may be found. Of a recording all windows, whatever its interval; those
        that are no longer in the library are passed over.
    like, unlike : sequence of files or Examples
        More sounds to be like, and sounds not to be like.
    aspects : dict of str to float, optional
        Weights of ``timbre``, ``pitch``, ``loudness`` and ``rhythm``: the score is the weighted
        mean of how alike recordings are in each. By default timbre alone counts, on its own scale.
    start_s, end_s : float, optional
        Interval of the file to search with.
    text_from : sequence of {"tags", "names", "labels"}, optional
        Where words are looked for: in what was heard, in names of files and folders, in labels.
        Everywhere by default, and where the space has no tags in the other two.
    space : str, optional
        Which space to search; the default space by default.
    index : str, default "auto"
        How nearest windows are found: ``auto``, ``flat`` (exact), ``ivf-rabitq``, ``hnsw``, or by
        codes, which ``auto`` takes where `tonotopy.train` has learned some: ``codes`` scans all of
        them, ``codes-ivf`` and ``codes-imi`` those in likely cells. ``auto`` scans all up to
        200,000, else ``codes-ivf``.
    rerank : bool, default True
        Whether what codes propose is compared exactly; else codes alone decide, which keeps what
        they have learned from labels.
    weights : path-like, optional
        The weights that the space was made with, for files where the embedder needs some that are
        not in their place.

    Returns
    -------
    Results
        Hits, best first. A recording of the library that is searched with is not among them.

    Raises
    ------
    QueryError, FilterError, NotInLibrary, DecodeError
        If the search cannot be answered as asked.

    Notes
    -----
    A recording's score looks both ways: the mean, over the windows of the query, of the best match
    in the recording, and the mean over the recording's windows of the best match in the query.
    Windows weigh by their amplitude; recordings that sound for longer than the query are looked
    back from the less. A window scores its best match among the windows of the query that sound.
    Several sounds are averaged, and half of the mean over `unlike` is taken off. What is only
    listed scores 1, in the order in which it was added.

    Examples
    --------
    >>> import tonotopy as tt
    >>> library = tt.open("sounds.db")  # doctest: +SKIP
    >>> for hit in tt.search(library, "door.wav", k=3).hits:  # doctest: +SKIP
    ...     print(f"{hit.score:.2f} {hit.path}")
    """
    if k < 1:
        raise QueryError(f"k = {k}: ask for at least one hit")
    understood = None if query is None else understand(query, start_s, end_s)
    scope = Scope.of(where, within)
    mixed = None if aspects is None else checked_aspects(aspects, by=by, rerank=rerank)
    if isinstance(understood, Words):
        if like or unlike or mixed:
            raise QueryError("words cannot be mixed with sounds or aspects; leave out one of them")
        return search_text(
            library,
            understood.text,
            k=k,
            by=by,
            per_recording=per_recording,
            scope=scope,
            text_from=text_from,
            space=space,
        )
    likes = [as_example(each) for each in ([understood] if understood else []) + list(like)]
    unlikes = [as_example(each) for each in unlike]
    if not likes and (unlikes or mixed or scope.is_everything):
        raise QueryError("nothing to search with; give a file, words, or --like FILE")
    if not likes:
        return list_scope(library, scope, k=k, by=by, per_recording=per_recording, space=space)
    if mixed is not None:
        results = search_aspects(
            library, likes, unlikes, mixed, scope, k=k, space=space, index=index, weights=weights
        )
        return replace(results, query=named(query, like))
    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        heard = [hear_example(connection, chosen, each, weights) for each in likes + unlikes]
        plan = plan_search(
            library,
            connection,
            chosen,
            heard[: len(likes)],
            heard[len(likes) :],
            k=k,
            by=by,
            allowed=scope.windows(connection, chosen),
            kind=index,
            rerank=rerank,
        )
        found = find(connection, plan, heard, k=k, by=by, per_recording=per_recording)
        hits = describe(connection, chosen, found)
    name = plan.score_name + (", less half of what it should not be like" if unlike else "")
    return Results(named(query, like), chosen.name, name, hits)


def search_aspects(
    library: Catalog,
    likes: Sequence[Example],
    unlikes: Sequence[Example],
    mixed: Mapping[str, float],
    scope: Scope,
    *,
    k: int,
    space: str | None,
    index: str,
    weights: str | os.PathLike[str] | None,
) -> Results:
    """Find recordings by the weighted mean of how alike they are in some aspects."""
    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        found, notes = find_by_aspects(
            library,
            connection,
            chosen,
            likes,
            unlikes,
            mixed,
            allowed=scope.windows(connection, chosen),
            k=k,
            index=index,
            weights=weights,
        )
        described = describe(connection, chosen, placed(connection, chosen, found))
    pairs = zip(described, found, strict=True)
    hits = [replace(hit, aspects=each.aspects) for hit, each in pairs]
    shown_weights = ", ".join(f"{name} {weight:g}" for name, weight in mixed.items())
    name = f"likeness from 0 to 1 (weights: {shown_weights})"
    return Results("", chosen.name, name, hits, notes)


def list_scope(
    library: Catalog,
    scope: Scope,
    *,
    k: int,
    by: Literal["recording", "window"],
    per_recording: int | None,
    space: str | None,
) -> Results:
    """List what may be found, as there is nothing to compare it with."""
    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        allowed = scope.windows(connection, chosen)
        listed = list_allowed(connection, chosen, allowed, k=k, by=by, per_recording=per_recording)
        hits = describe(connection, chosen, listed)
        if by == "recording":  # no part of one is meant
            hits = as_whole(connection, chosen, hits)
    return Results(scope.where or "", chosen.name, SCORE_NAME, hits)


def find(
    connection: Connection,
    plan: Plan,
    heard: Sequence[Heard],
    *,
    k: int,
    by: Literal["recording", "window"],
    per_recording: int | None,
) -> list[Found]:
    """Score ever more windows, until nothing that is left could be a hit."""
    found: list[Found] = []
    for pool in plan.pools:
        pool = without_own(connection, pool, heard, by)
        scores = score_windows(
            Sound(pool.vectors, pool.levels_db),
            pool.recording_ids,
            likes=plan.likes,
            unlikes=plan.unlikes,
            metric=plan.metric,
            in_part=pool.in_part,
        )
        if by == "recording":
            found = best_recordings(connection, pool, scores, k)
        else:
            found = best_stretches(connection, pool, scores, k, per_recording)
        if len(found) == k and found[-1][2] >= pool.bound:
            break
    return found


def as_example(query: Query) -> Example:
    """Understand one of several sounds."""
    understood = understand(query)
    if isinstance(understood, Words):
        raise QueryError(f"there is no file {understood.text!r} to be like or unlike")
    return understood


def named(query: Query | None, like: Sequence[Query]) -> str:
    """Say what was searched with, in one line."""
    parts = ([] if query is None else [query]) + list(like)
    return ", ".join(
        os.fspath(part) if isinstance(part, str | os.PathLike) else shown(part) for part in parts
    )


def shown(query: Example | Words) -> str:
    """Say what a query is, in words."""
    match query:
        case AudioFile(path):
            return path
        case StoredRecording(recording_id, None, None):
            return f"recording {recording_id}"
        case StoredRecording(recording_id, start_s, end_s):
            until = "the end" if end_s is None else f"{end_s:g} s"
            return f"recording {recording_id} from {start_s or 0:g} s to {until}"
        case StoredWindow(window_id):
            return f"window {window_id}"
        case Words(text):
            return text


def without_own(connection: Connection, pool: Pool, examples: Sequence[Heard], by: str) -> Pool:
    """Leave out what the search was made with.

    Among recordings that is the whole recording; among stretches only the part that was given, as
    the same sound may come again later in it.
    """
    keep = np.ones(len(pool.ids), bool)
    for example in examples:
        if example.recording_id is None:
            continue
        own = pool.recording_ids == example.recording_id
        if by == "window" and example.interval is not None:
            start_s, end_s = example.interval
            for window in catalog.get_windows(connection, pool.ids[own].tolist()).values():
                if window.start_s < end_s and start_s < window.end_s:
                    keep[pool.ids == window.id] = False
        else:
            keep[own] = False
    return pool if keep.all() else pool.subset(keep)


def best_recordings(connection: Connection, pool: Pool, scores: Scores, k: int) -> list[Found]:
    """Choose the best recordings: (best window, its id, score of the recording)."""
    ranked = rank_groups(scores, pool.ids, pool.recording_ids, k)
    stretches = place(connection, pool, [position for _, position, _ in ranked])
    return [
        (stretch, int(pool.ids[stretch.position]), value)
        for stretch, (_, _, value) in zip(stretches, ranked, strict=True)
    ]


def best_stretches(
    connection: Connection,
    pool: Pool,
    scores: Scores,
    k: int,
    per_recording: int | None,
) -> list[Found]:
    """Choose the best stretches: (window, its id, score)."""
    order = np.lexsort((pool.ids, -scores.windows)).tolist()

    def best_first() -> Iterator[Stretch]:
        for start in range(0, len(order), DETAILS_AT_ONCE):
            yield from place(connection, pool, order[start : start + DETAILS_AT_ONCE])

    found: list[Found] = []
    for stretch in one_per_run(best_first(), per_recording=per_recording):
        position = stretch.position
        found.append((stretch, int(pool.ids[position]), float(scores.windows[position])))
        if len(found) == k:
            break
    return found


def place(connection: Connection, pool: Pool, positions: Sequence[int]) -> list[Stretch]:
    """Look up where windows are in their recordings."""
    ids = pool.ids[positions].tolist()
    windows = catalog.get_windows(connection, ids)
    return [
        Stretch(position, window.recording_id, window.channel, window.start_s, window.end_s)
        for position, window in zip(positions, (windows[each] for each in ids), strict=True)
    ]


def describe(
    connection: Connection, space: Space, found: Sequence[tuple[Stretch, int, float]]
) -> list[Hit]:
    """Describe stretches as hits, in their order."""
    ids = list({stretch.recording_id for stretch, _, _ in found})
    recordings = catalog.get_recordings(connection, ids)
    labels = catalog.recording_labels(connection, ids)
    tags = catalog.tags_of_windows(connection, space, [window_id for _, window_id, _ in found])
    return [
        Hit(
            rank=rank,
            score=value,
            recording_id=stretch.recording_id,
            window_id=window_id,
            path=recordings[stretch.recording_id].path,
            start_s=stretch.start_s,
            end_s=stretch.end_s,
            labels=catalog.labels_of(
                labels.get(stretch.recording_id, ()), stretch.start_s, stretch.end_s
            ),
            tags=tags.get(window_id, []),
            why=None,
            missing=recordings[stretch.recording_id].missing,
        )
        for rank, (stretch, window_id, value) in enumerate(found, start=1)
    ]
