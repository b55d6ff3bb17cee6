"""Full-text search over the names, folders and labels of recordings (SQLite FTS5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from tonotopy.catalog.annotations import recording_labels
from tonotopy.catalog.recordings import get_recordings
from tonotopy.words import split_words

__all__ = ["COLUMNS", "WordHit", "index_words", "search_words"]

COLUMNS = {"name": "names", "folders": "names", "labels": "labels"}  # column: what a user calls it
PREFIX_LETTERS = 3
BEGIN, END = "\x02", "\x03"  # no file name's words hold these


@dataclass(frozen=True, slots=True)
class WordHit:
    """A recording that words found."""

    recording_id: int
    score: float  #: words found, then BM25; larger is better
    why: str  #: where which words stand, e.g. ``"name: kick; label: drum"``


def index_words(connection: Connection, recording_ids: Sequence[int]) -> None:
    """Write down the words of recordings, in the transaction that changes them."""
    recordings = get_recordings(connection, recording_ids)
    labels = recording_labels(connection, recording_ids)
    rows = []
    for each in recordings.values():
        deepest = each.path.split("/")[-4:-1]  # these say what it is; higher ones, whose it is
        rows.append(
            {
                "id": each.id,
                "name": " ".join(split_words(each.name)),
                "folders": " ".join(word for part in deepest for word in split_words(part)),
                "labels": " ".join(
                    word for label, *_ in labels.get(each.id, ()) for word in split_words(label)
                ),
            }
        )
    if rows:
        connection.execute(text("DELETE FROM words WHERE rowid = :id"), rows)
        connection.execute(
            text(
                "INSERT INTO words (rowid, name, folders, labels) "
                "VALUES (:id, :name, :folders, :labels)"
            ),
            rows,
        )


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
    rows = connection.execute(
        text(f"SELECT rowid, bm25(words), {shown} FROM words WHERE words MATCH :match"),
        {"match": match},
    )
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
