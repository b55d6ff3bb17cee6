"""What every method of this package promises, and the bodies that methods share.

A method learns from vectors, turns vectors into codes of ``n_bits // 8`` bytes, and measures how
far codes are from queries. Smaller is nearer, and equal codes are at bit-identical distances.

* `BinaryHash`: a bit says on which side of a surface a vector lies; both sides are codes, and the
  distance is the number of bits that differ.
* `CodebookHash`: a byte names one of 256 words; the query stays as it is, and the distance is a
  sum of one table entry a byte.

A method writes ``_fit`` and ``_encode``, and of a codebook ``_tables``. What it has learned are
arrays and plain numbers whose names end in ``_``: these, and nothing else, make up its state.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from tonotopy.hashing.codes import check_codes, hamming_distances, sum_tables
from tonotopy.hashing.threads import one_thread

__all__ = [
    "UNLABELLED",
    "BinaryHash",
    "CodebookHash",
    "Hash",
    "check_labels",
    "row_blocks",
]

UNLABELLED = -1  #: in y: nobody has said what this row is

_HEAD = "head"
_ROWS_AT_ONCE = 8192
_PLAIN = (bool, int, float, str, type(None))


class Hash(TransformerMixin, BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    """Turns vectors into short codes, in scikit-learn's manners.

    Every method has the parameters ``n_bits``, the length of a code, a multiple of 8, and
    ``random_state``: the same seed and the same rows give the same codes, on however many threads;
    fitting takes one.
    """

    n_bits: int
    random_state: int | np.random.RandomState | None
    n_features_in_: int

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn from vectors.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite; computed in float32.
        y : array-like of shape (n_samples,), optional
            Classes, -1 where nobody has said. Methods without supervision pass over it.

        Returns
        -------
        Self
            The fitted method.

        Raises
        ------
        ValueError
            If a row of X is not finite, `n_bits` is no positive multiple of 8, or the method
            needs labels and there are none of two classes.
        """
        check_bits(self.n_bits)
        rows = self._checked(X, reset=True)
        with one_thread():
            self._fit(rows, y)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.uint8]:
        """Encode vectors.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Finite, n >= 1.

        Returns
        -------
        ndarray of shape (n, n_bits // 8)
            A code a row; a row's code does not depend on the other rows.
        """
        check_is_fitted(self)
        return self._encode(self._checked(X, reset=False))

    @abstractmethod
    def distances(self, queries: ArrayLike, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Measure every query against every code.

        Parameters
        ----------
        queries : array-like of shape (n_queries, n_features)
            Vectors, not codes.
        codes : ndarray of shape (n, n_bits // 8)
            As `transform` gives them.

        Returns
        -------
        ndarray of shape (n_queries, n)
            Smaller is nearer; equal codes are at bit-identical distances.
        """

    def state(self) -> dict[str, NDArray[Any]]:
        """Give all that was learned as plain arrays, which safetensors or npz can store.

        Returns
        -------
        dict of str to ndarray
            The learned arrays by name, and under ``"head"`` the bytes of a JSON object with the
            method's name, its parameters and its learned numbers. `from_state` undoes it.
        """
        check_is_fitted(self)
        learned = {name: value for name, value in vars(self).items() if _is_learned(name)}
        arrays = {name: value for name, value in learned.items() if isinstance(value, np.ndarray)}
        texts = {name: value.tolist() for name, value in arrays.items() if _is_text(value)}
        params = self.get_params(deep=False)
        head = {
            "method": type(self).__name__,
            "params": {
                name: value if isinstance(value, _PLAIN) else None  # a RandomState
                for name, value in params.items()
            },
            "numbers": {name: value for name, value in learned.items() if name not in arrays},
            "texts": texts,
        }
        text = json.dumps(head, default=_as_number).encode()
        return {
            _HEAD: np.frombuffer(text, np.uint8).copy(),
            **{
                name: np.ascontiguousarray(array)
                for name, array in arrays.items()
                if name not in texts
            },
        }

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Restore a fitted method from what `state` gave.

        Parameters
        ----------
        state : mapping of str to ndarray
            Runs no code, wherever it comes from.

        Returns
        -------
        Self
            Encodes and measures as the one whose state it was.

        Raises
        ------
        ValueError
            If it is the state of another method.
        """
        head = read_head(state)
        if head["method"] != cls.__name__:
            raise ValueError(f"this is the state of {head['method']}, not of {cls.__name__}")
        restored = cls(**head["params"])
        arrays = {name: array for name, array in state.items() if name != _HEAD}
        texts = {name: np.array(value) for name, value in head["texts"].items()}
        for name, value in {**head["numbers"], **texts, **arrays}.items():
            if not _is_learned(name):
                raise ValueError(f"{name!r} in the state is no name of something learned")
            setattr(restored, name, value)
        return restored

    @abstractmethod
    def _fit(self, X: NDArray[np.float32], y: ArrayLike | None, /) -> None:
        """Learn from finite rows, at least one."""

    @abstractmethod
    def _encode(self, X: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Encode finite rows."""

    def _checked(self, X: ArrayLike, *, reset: bool) -> NDArray[np.float32]:
        """Take rows as float32, C-contiguous, finite."""
        rows: NDArray[np.float32] = validate_data(
            self, X, reset=reset, dtype=np.float32, order="C", ensure_all_finite=False
        )
        for block in row_blocks(len(rows)):
            finite = np.isfinite(rows[block]).all(axis=1)
            if not finite.all():
                row = block.start + int(np.argmin(finite))
                raise ValueError(f"row {row} of X holds NaN or infinity; leave it out")
        return rows

    def _seed(self) -> int:
        """Draw a seed for generators that take an integer."""
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # codes are bytes, whatever came in
        return tags


class BinaryHash(Hash):
    """Codes whose distance is the number of bits that differ."""

    def distances(self, queries: ArrayLike, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Count the bits in which the codes of queries differ from codes.

        Parameters
        ----------
        queries : array-like of shape (n_queries, n_features)
            Vectors; they are encoded here.
        codes : ndarray of shape (n, n_bits // 8)
            As `transform` gives them.

        Returns
        -------
        ndarray of shape (n_queries, n)
            Whole numbers from 0 to ``n_bits``.
        """
        encoded = self.transform(queries)
        return hamming_distances(encoded, check_codes(codes, self.n_bits))


class CodebookHash(Hash):
    """Codes whose distance from a query is a sum of table entries, one a byte."""

    def lookup_tables(self, queries: ArrayLike) -> NDArray[np.float32]:
        """Measure queries against every word, for `distances` or another scanner.

        Parameters
        ----------
        queries : array-like of shape (n_queries, n_features)
            Vectors; they are not quantized.

        Returns
        -------
        ndarray of shape (n_queries, n_bits // 8, 256)
            The distance of a code is the sum over its bytes of ``tables[query, byte, word]``.
        """
        check_is_fitted(self)
        return self._tables(self._checked(queries, reset=False))

    def distances(self, queries: ArrayLike, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Sum the entries of `lookup_tables`.

        Parameters
        ----------
        queries : array-like of shape (n_queries, n_features)
            Vectors; they are not quantized.
        codes : ndarray of shape (n, n_bits // 8)
            As `transform` gives them.

        Returns
        -------
        ndarray of shape (n_queries, n)
            Smaller is nearer; equal codes are at bit-identical distances.
        """
        tables = self.lookup_tables(queries)
        return sum_tables(tables, check_codes(codes, self.n_bits))

    @abstractmethod
    def _tables(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Measure finite rows against every word, (n_queries, n_bits // 8, 256)."""


def check_bits(n_bits: int) -> None:
    """Refuse a length of code that is not whole bytes.

    Raises
    ------
    ValueError
        If `n_bits` is no positive multiple of 8.
    """
    is_whole = isinstance(n_bits, int | np.integer) and not isinstance(n_bits, bool)
    if not is_whole or n_bits < 8 or n_bits % 8:
        raise ValueError(f"n_bits={n_bits!r} must be a multiple of 8, at least 8")


def check_labels(
    y: ArrayLike | None, n_samples: int, *, method: str
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Number the classes of rows that have one.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or None
        Integers or text, -1 where nobody has said.
    n_samples : int
        Rows of X.
    method : str
        Who asks, for the message.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        What is in `y` but for -1, ascending.
    places : ndarray of shape (n_samples,)
        Of each row the place of its class, or -1.

    Raises
    ------
    ValueError
        If `y` is missing, of another length, or names fewer than two classes.

    Examples
    --------
    >>> check_labels([5, -1, 3], 3, method="DQN")
    (array([3, 5]), array([ 1, -1,  0]))
    """
    if y is None:
        raise ValueError(
            f"requires y to be passed, but the target y is None: {method} learns from"
            f" labels; give classes, {UNLABELLED} where nobody has said"
        )
    labels = np.asarray(y)
    if labels.shape != (n_samples,):
        raise ValueError(
            f"y has shape {labels.shape}; a label for each of {n_samples} rows of X is needed"
        )
    given = labels != UNLABELLED if labels.dtype.kind in "iuf" else labels != str(UNLABELLED)
    classes = np.unique(labels[given])
    if len(classes) < 2:
        raise ValueError(
            f"y names {len(classes)} classes in {int(given.sum())} labelled rows; "
            f"{method} learns what tells classes apart and needs two or more"
        )
    places = np.full(n_samples, UNLABELLED, np.int64)
    places[given] = np.searchsorted(classes, labels[given])
    return classes, places


def read_head(state: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Read which method a state is of, with its parameters and numbers.

    Raises
    ------
    ValueError
        If this is no state.
    """
    if _HEAD not in state:
        raise ValueError(f"a state holds {_HEAD!r}; here are {', '.join(sorted(state)) or 'none'}")
    head: dict[str, Any] = json.loads(np.asarray(state[_HEAD], np.uint8).tobytes())
    return head


def row_blocks(n: int) -> Iterator[slice]:
    """Cut n rows into runs that are worked on together."""
    for start in range(0, n, _ROWS_AT_ONCE):
        yield slice(start, min(n, start + _ROWS_AT_ONCE))


def _is_learned(name: str) -> bool:
    return name.endswith("_") and not name.startswith("_") and name != "feature_names_in_"


def _is_text(array: NDArray[Any]) -> bool:
    return array.dtype.kind in "OU"  # class names, which safetensors cannot store


def _as_number(value: Any) -> Any:
    return value.item()  # NumPy's scalars
