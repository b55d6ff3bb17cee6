"""Full-text search over the names, folders and labels of recordings (SQLite FTS5)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, select, text

from tonotopy.catalog import tables
from tonotopy.catalog.annotations import positive
from tonotopy.catalog.recordings import IN_CHUNK
from tonotopy.words import split_words

__all__ = ["COLUMNS", "WordHit", "index_words", "recordings_with", "search_words"]

COLUMNS = {"name": "names", "folders": "names", "labels": "labels"}  # column: what a user calls it
PREFIX_LETTERS = 3
FOLDERS = 3  # the deepest ones of a path
BEGIN, END = "\x02", "\x03"  # no file name's words hold these

PATHS = (
    select(tables.recordings.c.id, tables.roots.c.path + "/" + tables.recordings.c.path)
    .join_from(tables.recordings, tables.roots)
    .where(tables.recordings.c.id.in_(bindparam("ids", expanding=True)))
)
LABELS = (
    select(tables.annotations.c.recording_id, tables.annotations.c.label)
    .where(positive(), tables.annotations.c.recording_id.in_(bindparam("ids", expanding=True)))
    .order_by(tables.annotations.c.id)
)


@dataclass(frozen=True, slots=True)
class WordHit:
    """A recording that words found."""

    recording_id: int
    score: float  #: words found, then BM25; larger is better
    why: str  #: where which words stand, e.g. ``"name: kick; label: drum"``


def index_words(connection: Connection, recording_ids: Sequence[int]) -> None:
    """Write down the words of recordings, in the transaction that changes them."""
    for start in range(0, len(recording_ids), IN_CHUNK):
        chunk = recording_ids[start : start + IN_CHUNK]
        paths = connection.execute(PATHS, {"ids": chunk})
        labels: dict[int, list[str]] = defaultdict(list)
        for recording_id, label in connection.execute(LABELS, {"ids": chunk}):
            labels[recording_id] += split_words(label)
        rows = [(each, *path_words(path), " ".join(labels[each])) for each, path in paths]
        if rows:
            connection.exec_driver_sql(
                "DELETE FROM words WHERE rowid = ?", [(row[0],) for row in rows]
            )
            connection.exec_driver_sql(
                "INSERT INTO words (rowid, name, folders, labels) VALUES (?, ?, ?, ?)", rows
            )


def path_words(path: str) -> tuple[str, str]:
    """Split the name of a file, and its deepest folders: these say what it is, others whose."""
    *folders, name = path.split("/")
    return " ".join(split_words(name)), " ".join(
        word for folder in folders[-FOLDERS:] for word in split_words(folder)
    )


def recordings_with(connection: Connection, word: str, column: str) -> NDArray[np.int64]:
    """List the recordings that hold a word, its plural, or a word that begins with it.

    Parameters
    ----------
    connection : Connection
        A reading one.
    word : str
        One word, as `tonotopy.words.split_words` gives it.
    column : str
        Where to look: one of `COLUMNS`.

    Returns
    -------
    ndarray of shape (n,)
        Ids, ascending.
    """
    rows = connection.execute(
        text("SELECT rowid FROM words WHERE words MATCH :match ORDER BY rowid"),
        {"match": f"{{{column}}} : {term(word)}"},
    )
    return np.fromiter((row[0] for row in rows), np.int64)


def search_words(
    connection: Connection,
    query: str,
    *,
    k: int,
    columns: Sequence[str] = tuple(COLUMNS),
    allowed: set[int] | None = None,
) -> list[WordHit]:
    """Find recordings by words, those with most of the words first, then by BM25.

    Parameters
    ----------
    connection : Connection
        A reading one.
    query : str
        Words; each also finds its plural and, from three letters on, words that begin with it.
    k : int
        How many to return at most.
    columns : sequence of str
        Where to look: of `COLUMNS`.
    allowed : set of int, optional
        Recordings to choose from.
    """
    words = split_words(query)
    if not words or not columns:
        return []
    match = f"{{{' '.join(columns)}}} : (" + " OR ".join(map(term, words)) + ")"
    shown = ", ".join(
        f"highlight(words, {number}, '{BEGIN}', '{END}')" for number in range(len(COLUMNS))
    )
    statement = f"SELECT rowid, bm25(words), {shown} FROM words WHERE words MATCH :match"
    if allowed is not None and len(allowed) <= IN_CHUNK:  # then only these are looked at
        statement += f" AND rowid IN ({','.join(map(str, map(int, allowed)))})"
    rows = connection.execute(text(statement), {"match": match})
    hits = [word_hit(row, columns) for row in rows if allowed is None or int(row[0]) in allowed]
    return sorted(hits, key=lambda hit: (-hit.score, hit.recording_id))[:k]


def term(word: str) -> str:
    """Write a word for FTS5; one of letters also finds what begins with it, as door, doorbell."""
    return f'"{word}" *' if len(word) >= PREFIX_LETTERS and word.isalpha() else f'"{word}"'


def word_hit(row: Sequence[object], columns: Sequence[str]) -> WordHit:
    """Read a row of the full-text index: which words it holds, where."""
    found: dict[str, list[str]] = {}
    for column, marked in zip(COLUMNS, row[2:], strict=True):
        if column in columns:
            parts = str(marked).split(BEGIN)[1:]
            if parts:
                found[column] = list(dict.fromkeys(part.partition(END)[0] for part in parts))
    singular = {"name": "name", "folders": "folder", "labels": "label"}
    n_words = len({word for places in found.values() for word in places})
    bm25 = -float(str(row[1]))  # SQLite's is negative, better is lower
    return WordHit(
        recording_id=int(str(row[0])),
        score=n_words + bm25 / (1.0 + bm25),  # more words beat any weight of one
        why="; ".join(f"{singular[column]}: {' '.join(words)}" for column, words in found.items()),
    )
