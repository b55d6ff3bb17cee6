"""Searching with words: what was heard, what files are called, what people said, in one order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, Space
from tonotopy.errors import QueryError
from tonotopy.ontology import CLASSES, Term, match
from tonotopy.ranking import Stretch, one_per_run
from tonotopy.retrieve.alike import N_CANDIDATES, belief
from tonotopy.retrieve.evidence import (
    LEAST,
    Evidence,
    Rows,
    fuse,
    look_up,
    rows_to_rank,
    spelt,
    weigh,
)
from tonotopy.retrieve.filtering import Scope
from tonotopy.retrieve.heard import HeardSpace, heard_space
from tonotopy.retrieve.results import Hit, Results

__all__ = ["SOURCES", "TextSource", "search_text"]

TextSource: TypeAlias = Literal["tags", "names", "labels"]

SOURCES: tuple[TextSource, ...] = ("tags", "names", "labels")
SCORE_NAME = "how well the words fit, from 0 to 1"
SAID = 0.05  # what was heard is said from here on where words found the hit as well
DETAILS_AT_ONCE = 256  # windows looked up at once while runs are merged


@dataclass(frozen=True, slots=True)
class Found:
    """A row that is a hit."""

    row: int
    score: float
    window: int | None  #: the best one; None to take the whole recording


def search_text(
    library: Catalog,
    text: str,
    *,
    k: int,
    by: Literal["recording", "window"],
    per_recording: int | None,
    scope: Scope,
    text_from: Sequence[TextSource] | None,
    space: str | None,
) -> Results:
    """Find what words name: by what was heard, by names and folders, by labels.

    Parameters
    ----------
    library : Catalog
        An open library.
    text : str
        Words; after "not", "without" or a minus sign, what is not wanted.
    k : int
        How many hits to return at most.
    by : {"recording", "window"}
        What a hit is.
    per_recording : int or None
        With ``by="window"``, how many hits one recording may have.
    scope : Scope
        What may be found.
    text_from : sequence of {"tags", "names", "labels"} or None
        Where to look; everywhere by default.
    space : str or None
        Which space; the default space by default.

    Raises
    ------
    QueryError
        If no word is wanted, a source is unknown, or only tags are asked for and there are none.
    """
    sources = checked_sources(text_from)
    terms = match(text).terms
    if not terms:
        return Results(text, None, SCORE_NAME, [], ["there is no word in the query"])
    if not any(term.wanted for term in terms):
        raise QueryError(f"{text!r} names nothing that is wanted; give a word for it")
    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        heard = heard_space(library, connection, chosen) if "tags" in sources else None
        notes = lack_of_tags(chosen, text_from) if heard is None else []
        written = [look_up(connection, term, sources) for term in terms]
        rows = rows_to_rank(connection, chosen, heard, written, by=by, scope=scope)
        evidence = [weigh(*each, rows) for each in zip(terms, written, strict=True)]
        scores, unfound = fuse(evidence)
        if heard is not None and chosen.metric == "cosine":
            evidence = second_look(connection, chosen, heard, rows, evidence, scores, k)
            scores, _ = fuse(evidence)
        if by == "recording":
            found = best_recordings(heard, terms, rows, scores, k)
        else:
            found = best_stretches(connection, rows, scores, k, per_recording)
        hits = describe(connection, chosen, rows, evidence, found, sources)
    notes += [unfound_note(term, sources) for term in unfound]
    named = None if heard is None else chosen.name
    return Results(text, named, SCORE_NAME, hits, notes)


def checked_sources(text_from: Sequence[TextSource] | None) -> Sequence[TextSource]:
    """Refuse sources that do not exist."""
    if text_from is None:
        return SOURCES
    unknown = [each for each in text_from if each not in SOURCES]
    if unknown or not text_from:
        raise QueryError(
            f"words cannot be looked for in {', '.join(unknown) or 'nothing'}; "
            f"choose from {', '.join(SOURCES)}"
        )
    return text_from


def lack_of_tags(space: Space, text_from: Sequence[TextSource] | None) -> list[str]:
    """Say that a space has no tags, if the user asked for them; refuse if for nothing else."""
    if text_from is None or "tags" not in text_from:
        return []
    lack = (
        f"the space {space.name!r} has no tags: its embedder names nothing that it hears, or heard "
        "it before there were tags; add the recordings with --embedder cochlea"
    )
    if set(text_from) == {"tags"}:
        raise QueryError(f"{lack}, or look in names and labels")
    return [lack]


def unfound_note(term: Term, sources: Sequence[TextSource]) -> str:
    """Say that nothing speaks for a term, and why that may be."""
    if "tags" in sources and not term.weights:
        return term.why
    return f"nothing is found for {term.text!r}"


def second_look(
    connection: Connection,
    space: Space,
    heard: HeardSpace,
    rows: Rows,
    evidence: Sequence[Evidence],
    scores: NDArray[np.float64],
    k: int,
) -> list[Evidence]:
    """Believe those of the best rows more that sound like the very best."""
    order = in_order(rows, scores, max(N_CANDIDATES, 3 * k))
    windows = rows.windows[order]
    if not windows.any():  # whole recordings: the best window of each speaks for it
        best = best_windows(heard, [each.term for each in evidence], rows.owners[order])
        windows = np.array([best.get(owner, 0) for owner in rows.owners[order].tolist()], np.int64)
    order, windows = order[windows > 0], windows[windows > 0]
    if not len(order):
        return list(evidence)
    vectors = catalog.fetch_vectors(connection, space, windows)
    more = belief(scores[order], rows.owners[order], vectors)
    return [each.believed(order, more) if each.term.wanted else each for each in evidence]


def in_order(rows: Rows, scores: NDArray[np.float64], n_best: int | None) -> NDArray[np.int64]:
    """List the rows that anything speaks for, the best first; ties by recording and window."""
    order = np.lexsort((rows.windows, rows.owners, -scores))[:n_best]
    chosen: NDArray[np.int64] = order[scores[order] > 0]
    return chosen


def best_windows(
    heard: HeardSpace, terms: Sequence[Term], owners: NDArray[np.int64]
) -> dict[int, int]:
    """Find the window of each recording in which the wanted terms are heard best, if in any."""
    windows = heard.windows
    mine = np.flatnonzero(np.isin(windows.owners, owners))
    sure = np.zeros(len(mine))
    for term in terms:
        if term.wanted:
            sure += windows.look_up(term.weights)[0][mine]
    mine, sure = mine[sure >= LEAST], sure[sure >= LEAST]
    last = mine[np.lexsort((-mine, sure))].tolist()  # the best comes last
    return {int(windows.owners[at]): int(windows.ids[at]) for at in last}


def best_recordings(
    heard: HeardSpace | None, terms: Sequence[Term], rows: Rows, scores: NDArray[np.float64], k: int
) -> list[Found]:
    """Choose the best recordings, each with the window in which the words are heard best."""
    order = in_order(rows, scores, k)
    owners = rows.owners[order]
    best = {} if heard is None else best_windows(heard, terms, owners)
    return [
        Found(row, float(scores[row]), best.get(owner))
        for row, owner in zip(order.tolist(), owners.tolist(), strict=True)
    ]


def best_stretches(
    connection: Connection,
    rows: Rows,
    scores: NDArray[np.float64],
    k: int,
    per_recording: int | None,
) -> list[Found]:
    """Choose the best stretches, one of each run of overlapping windows."""
    order = in_order(rows, scores, None).tolist()

    def best_first() -> Iterator[Stretch]:
        for start in range(0, len(order), DETAILS_AT_ONCE):
            chunk = order[start : start + DETAILS_AT_ONCE]
            ids = [int(rows.windows[row]) for row in chunk if rows.windows[row]]
            windows = catalog.get_windows(connection, ids)
            for row in chunk:
                owner = int(rows.owners[row])
                window = windows.get(int(rows.windows[row]))
                if window is None:
                    yield Stretch(row, owner, None, 0.0, np.inf)
                else:
                    yield Stretch(row, owner, window.channel, window.start_s, window.end_s)

    found: list[Found] = []
    for stretch in one_per_run(best_first(), per_recording=per_recording):
        row = stretch.position
        found.append(Found(row, float(scores[row]), int(rows.windows[row]) or None))
        if len(found) == k:
            break
    return found


def describe(
    connection: Connection,
    space: Space,
    rows: Rows,
    evidence: Sequence[Evidence],
    found: Sequence[Found],
    sources: Sequence[TextSource],
) -> list[Hit]:
    """Describe rows as hits, in their order."""
    owners = [int(rows.owners[each.row]) for each in found]
    ids = list(dict.fromkeys(owners))
    written = where_written(connection, evidence, ids, sources)
    heard = [
        heard_in(each.row, evidence, written.get(owner))
        for each, owner in zip(found, owners, strict=True)
    ]
    best = [each.window if said else None for each, said in zip(found, heard, strict=True)]
    known = [each for each in best if each is not None]
    recordings = catalog.get_recordings(connection, ids)
    labels = catalog.recording_labels(connection, ids)
    firsts = catalog.window_ranges(connection, space, ids)
    windows = catalog.get_windows(connection, known)
    tags = catalog.tags_of_windows(connection, space, known)
    whole = catalog.tags_of_recordings(connection, space, ids)
    hits = []
    for rank, (each, owner, window_id, said) in enumerate(
        zip(found, owners, best, heard, strict=True), start=1
    ):
        duration_s = recordings[owner].duration_s
        first = firsts[owner][0] if owner in firsts else None
        window = None if window_id is None else windows[window_id]
        start_s, end_s = (0.0, duration_s) if window is None else (window.start_s, window.end_s)
        within = (start_s, end_s) if rows.windows[each.row] else (0.0, duration_s)
        hits.append(
            Hit(
                rank=rank,
                score=each.score,
                recording_id=owner,
                window_id=first if window is None else window.id,
                path=recordings[owner].path,
                start_s=start_s,
                end_s=end_s,
                labels=catalog.labels_of(labels.get(owner, ()), *within),
                tags=whole.get(owner, []) if window is None else tags.get(window.id, []),
                why="; ".join([*said, *written.get(owner, [])]),
                missing=recordings[owner].missing,
            )
        )
    return hits


def heard_in(row: int, evidence: Sequence[Evidence], written: list[str] | None) -> list[str]:
    """Say what was heard in a row: ``["heard Dog 0.83"]``."""
    least = SAID if written else LEAST
    said = {
        f"{CLASSES[each.best[row]].name} {each.scores[row]:.2f}": None
        for each in evidence
        if each.term.wanted and each.heard[row] >= least
    }
    return ["heard " + ", ".join(said)] if said else []


def where_written(
    connection: Connection,
    evidence: Sequence[Evidence],
    ids: Sequence[int],
    sources: Sequence[TextSource],
) -> dict[int, list[str]]:
    """Say which words stand where: ``["name: door slam", "label: barking"]``."""
    columns = [column for column, source in catalog.COLUMNS.items() if source in sources]
    words = " ".join(word for each in evidence if each.term.wanted for word in spelt(each.term))
    hits = catalog.search_words(connection, words, k=len(ids), columns=columns, allowed=set(ids))
    return {hit.recording_id: hit.why.split("; ") for hit in hits}
