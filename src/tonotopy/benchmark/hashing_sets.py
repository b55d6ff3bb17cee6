"""Labelled vectors that codes are measured on: from an ``.npz`` file, or from a library.

An ``.npz`` file holds ``X (n, dim)`` and ``y (n,)``; optionally ``split (n,)`` with ``database``
and ``query``, or ``splits (n,)`` with a letter for each seed, ``d`` or ``q``; ``name (n,)``, the
files that the rows are of; and whatever array is named as the group, such as ``group (n,)``.
"""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tonotopy import catalog
from tonotopy.benchmark.retrieval import groups_by, labels_by
from tonotopy.catalog import Catalog
from tonotopy.errors import NotInLibrary, QueryError

__all__ = ["Features", "features_of_library", "read_features"]

NO_LABELS = ("", "-1", "-1.0")  #: rows that nobody has labelled
FEWEST_CLASSES = 2


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """A vector a recording, with what is known of it."""

    name: str  #: of the set, for titles
    vectors: NDArray[np.float32]  #: (n, dim)
    y: NDArray[np.str_]  #: (n,) class; "" where nobody has said
    files: NDArray[np.str_] | None = None  #: (n,) names of files
    groups: NDArray[np.str_] | None = None  #: (n,) rows of one group come from one source
    in_database: NDArray[np.bool_] | None = None  #: (n_turns, n); seed s takes turn s % n_turns

    def __len__(self) -> int:
        return len(self.vectors)

    def at(self, rows: NDArray[Any]) -> "Features":
        """Keep some rows, by number or mask."""
        return replace(
            self,
            vectors=self.vectors[rows],
            y=self.y[rows],
            files=None if self.files is None else self.files[rows],
            groups=None if self.groups is None else self.groups[rows],
            in_database=None if self.in_database is None else self.in_database[:, rows],
        )

    def labelled(self) -> "Features":
        """Keep the rows that have a label; the others cannot be scored.

        Raises
        ------
        QueryError
            If fewer than two classes remain.
        """
        kept = self.at(~np.isin(self.y, NO_LABELS))
        n_classes = len(np.unique(kept.y))
        if n_classes < FEWEST_CLASSES:
            raise QueryError(
                f"{self.name} has {n_classes} classes in {len(kept)} labelled of {len(self)} rows; "
                "codes are compared by what tells classes apart, which takes two or more"
            )
        return kept

    def fingerprint(self) -> str:
        """Name what the set holds; another value, label, group or split gives another name."""
        digest = hashlib.sha256()
        for array in (self.vectors, self.y, self.groups, self.in_database):
            if array is None:
                digest.update(b"none")
                continue
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]


def read_features(path: str | Path, *, group: str | None = None) -> Features:
    """Read labelled vectors from an ``.npz`` file.

    Parameters
    ----------
    path : str or Path
        The file, as the top of this module says; nothing in it is unpickled.
    group : str, optional
        Name of the array that says which rows come from one source.

    Returns
    -------
    Features
        All rows, those without a label too.

    Raises
    ------
    QueryError
        If the file cannot be read, lacks an array, or an array does not fit.
    """
    source = Path(path)
    arrays = _load(source)
    for needed in ("X", "y", *([group] if group else [])):
        if needed not in arrays:
            raise QueryError(
                f"{source} has no array {needed!r}; it has: {', '.join(sorted(arrays)) or 'none'}"
            )
    X = arrays["X"]
    if X.ndim != 2 or X.dtype.kind not in "fiu" or not len(X):
        raise QueryError(f"X in {source} is {X.dtype} of shape {X.shape}; give numbers (n, dim)")
    vectors = np.ascontiguousarray(X, np.float32)
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise QueryError(f"row {row} of X in {source} holds NaN or infinity; leave it out")

    def column(name: str) -> NDArray[np.str_] | None:
        return None if name not in arrays else _texts(arrays[name], name, len(vectors), source)

    y = column("y")
    return Features(
        name=source.stem,
        vectors=vectors,
        y=np.empty(0, np.str_) if y is None else y,
        files=column("name"),
        groups=column(group) if group else None,
        in_database=_stored_split(column("split"), column("splits"), source),
    )


def features_of_library(
    library: Catalog,
    *,
    labels: Literal["folder", "annotations"] = "folder",
    group: str | None = None,
    space: str | None = None,
) -> Features:
    """Average the vectors of every recording's windows.

    Parameters
    ----------
    library : Catalog
        An open library.
    labels : {"folder", "annotations"}
        Whether the folder that holds a file is its label, or its first annotation.
    group : str, optional
        Metadata key; recordings with one value come from one source.
    space : str, optional
        By default the library's only space.

    Raises
    ------
    NotInLibrary
        If there is no such space, none at all, or several and none is named.
    QueryError
        If no recording has the metadata key.
    """
    with library.read() as connection:
        spaces = catalog.list_spaces(connection)
        if space is None and len(spaces) != 1:
            known = ", ".join(each.name for each in spaces)
            raise NotInLibrary(
                f"the library has several spaces ({known}); name one with --space"
                if spaces
                else "the library holds no vectors yet; run: tonotopy add FOLDER"
            )
        chosen = spaces[0] if space is None else catalog.find_space(connection, space)
        loaded = catalog.load_vectors(connection, chosen)
        recordings = catalog.get_recordings(connection, catalog.recording_ids(connection))
        label_of = labels_by(connection, recordings, labels)
        group_of = groups_by(recordings, group)
    ids, places = np.unique(loaded.recording_ids, return_inverse=True)
    sums = np.zeros((len(ids), loaded.vectors.shape[1]))
    np.add.at(sums, places, loaded.vectors)
    means = sums / np.bincount(places, minlength=len(ids))[:, None]
    return Features(
        name=chosen.name,
        vectors=means.astype(np.float32),
        y=np.array([label_of.get(each, "") for each in ids.tolist()], np.str_),
        files=np.array([os.path.basename(recordings[each].path) for each in ids.tolist()], np.str_),
        groups=np.array([group_of[each] for each in ids.tolist()], np.str_) if group else None,
    )


def _load(source: Path) -> dict[str, NDArray[Any]]:
    if not source.is_file():
        raise QueryError(f"there is no file {source}; give an .npz with X (n, dim) and y (n,)")
    try:
        stored = np.load(source, allow_pickle=False)
        if not isinstance(stored, np.lib.npyio.NpzFile):
            raise QueryError(f"{source} holds one array; give an .npz with X (n, dim) and y (n,)")
        with stored:
            return {name: stored[name] for name in stored.files}
    except (ValueError, OSError, EOFError) as error:
        raise QueryError(f"cannot read {source}: {error}") from error


def _texts(array: NDArray[Any], name: str, n_rows: int, source: Path) -> NDArray[np.str_]:
    if array.shape != (n_rows,):
        raise QueryError(
            f"{name} in {source} has shape {array.shape}; one value for each of {n_rows} rows of X"
            " is needed"
        )
    return array.astype(np.str_)


def _stored_split(
    split: NDArray[np.str_] | None, splits: NDArray[np.str_] | None, source: Path
) -> NDArray[np.bool_] | None:
    """Read which rows are the database: for every seed, where the file says so."""
    if splits is not None and all(splits):
        letters = [list(each) for each in splits]
        lengths = {len(each) for each in letters}
        if len(lengths) > 1 or set().union(*letters) > {"d", "q"}:
            raise QueryError(f"splits in {source} must have as many letters d or q in every row")
        return np.asarray(np.array(letters).T == "d")
    if split is None:
        return None
    strange = sorted(set(split.tolist()) - {"database", "query"})
    if strange:
        raise QueryError(f"split in {source} holds {strange[0]!r}; give 'database' or 'query'")
    return np.asarray((split == "database")[None])
