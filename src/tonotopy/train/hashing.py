"""The verb `train hashing`: learning short codes from a library, and storing them in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy import catalog
from tonotopy.catalog import Catalog, Space
from tonotopy.catalog.bulk import recordings_of_windows
from tonotopy.distance import Metric
from tonotopy.errors import NotInLibrary, QueryError
from tonotopy.hashing import METHODS, CodebookHash, Hash
from tonotopy.hashing import method as class_of
from tonotopy.hashing.networks import LabelledHash
from tonotopy.index import LEARNED
from tonotopy.index.cache import forget, index_directories
from tonotopy.index.engine import points
from tonotopy.train.judging import Judgement, hide_classes, hold_out, judge
from tonotopy.train.labels import UNLABELLED, LabelledWindows, labelled_windows

__all__ = ["AUTO", "Learned", "forget_hashing", "train_hashing"]

AUTO = "auto"
KIND, NAME = "hashing", "codes"
FEWEST_CLASSES, FEWEST_RECORDINGS = 2, 5
FEWEST_WINDOWS = 256  # as many as a codebook has words
MOST_ROWS = 100_000  # windows to learn from; more change little


@dataclass(frozen=True, slots=True)
class Learned:
    """Codes that were learned, and how good they are.

    Attributes
    ----------
    space, method : str
        From which vectors, and how.
    bits, bytes_per_window : int
        Length of a code.
    n_windows, n_labelled : int
        Windows of the space, and those of them that have a class.
    classes : list of str
        Labels on five recordings or more.
    map_exact, map_codes : float or None
        Mean average precision on recordings that were held out, of comparing vectors and of
        comparing codes alone; None without labels.
    map_exact_unlabelled, map_codes_unlabelled : float or None
        The same for sounds of a quarter of the classes, in a trial that learned without their
        labels: what sounds get that nobody has labelled. None for methods that need no labels,
        which treat all alike, and with fewer than three classes.
    """

    space: str
    method: str
    bits: int
    bytes_per_window: int
    n_windows: int
    n_labelled: int
    classes: list[str]
    map_exact: float | None
    map_codes: float | None
    map_exact_unlabelled: float | None = None
    map_codes_unlabelled: float | None = None


class Known(NamedTuple):
    """What is learned from."""

    vectors: NDArray[np.float32]  #: (n, dim)
    y: NDArray[np.int64]  #: (n,), classes or -1
    recording_ids: NDArray[np.int64]  #: (n,)
    metric: Metric


def train_hashing(
    library: Catalog,
    *,
    method: str = AUTO,
    bits: int = 64,
    space: str | None = None,
    seed: int = 0,
    on_step: Callable[[str], None] | None = None,
) -> Learned:
    """Learn short codes from the windows of a space and the library's labels.

    The method is fitted without a fifth of the labelled recordings, to say how good codes are on
    sounds that it never saw; if it learns from labels, once more without those of a quarter of the
    classes, to say what it keeps of classes that nobody has labelled; and on everything, which is
    stored. Codes of an earlier training are replaced.

    Parameters
    ----------
    library : Catalog
        An open library.
    method : str, default "auto"
        A method of `tonotopy.hashing`. ``auto`` is PosteriorQuantizer where at least two labels
        are on five recordings each, else PQ.
    bits : int, default 64
        Length of a code, a multiple of 8.
    space : str, optional
        Whose vectors; the default space by default.
    seed : int, default 0
        Of the method, and of what is held out.
    on_step : callable, optional
        Is told what is being done.

    Returns
    -------
    Learned
        What was stored.

    Raises
    ------
    NotInLibrary
        If there are too few labels or windows for the method.
    QueryError
        If there is no such method, it cannot have as many bits, or the space's metric is the dot
        product, which codes do not serve.
    MissingExtra
        If the method needs torch and it is not installed.
    """
    tell = on_step or (lambda _: None)
    tell("reading vectors and labels")
    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        if chosen.metric == "dot":
            raise QueryError(f"codes cannot serve the space {chosen.name!r}: its metric is 'dot'")
        ids, recordings = recordings_of_windows(connection, chosen)
        labelled = labelled_windows(connection, chosen, ids, recordings, fewest=FEWEST_RECORDINGS)
        name = chosen_method(method, labelled)
        refuse_too_few(name, labelled, chosen)
        places = rows_to_learn_from(labelled, seed)
        vectors = catalog.fetch_vectors(connection, chosen, ids[places])
    known = Known(vectors, labelled.y[places], recordings[places], chosen.metric)
    judgement, unlabelled = judged(known, name, bits, seed, tell)
    tell(f"learning {bits} bits by {name} from {len(places)} windows")
    hasher = fitted(name, bits, seed, points(vectors, chosen.metric), known.y)
    learned = Learned(
        space=chosen.name,
        method=name,
        bits=bits,
        bytes_per_window=bits // 8,
        n_windows=len(ids),
        n_labelled=int((labelled.y != UNLABELLED).sum()),
        classes=labelled.classes,
        map_exact=None if judgement is None else judgement.exact,
        map_codes=None if judgement is None else judgement.codes,
        map_exact_unlabelled=None if unlabelled is None else unlabelled.exact,
        map_codes_unlabelled=None if unlabelled is None else unlabelled.codes,
    )
    keep(library, chosen, hasher, learned, seed)
    return learned


def forget_hashing(library: Catalog, *, space: str | None = None) -> str:
    """Take the codes of a space out of the library; tell which space it was.

    Raises
    ------
    NotInLibrary
        If it has none.
    """
    with library.write() as connection:
        chosen = catalog.find_space(connection, space)
        if not catalog.delete_model(connection, space_id=chosen.id, kind=KIND, name=NAME):
            raise NotInLibrary(f"the space {chosen.name!r} has no codes to remove")
    forget_codes(library, chosen)
    return chosen.name


def chosen_method(method: str, labelled: LabelledWindows) -> str:
    """Choose a method that the labels suffice for, or check the one that is wanted."""
    if method == AUTO:
        return "PosteriorQuantizer" if len(labelled.classes) >= FEWEST_CLASSES else "PQ"
    for name in METHODS:
        if name.lower() == method.lower():
            return name
    raise QueryError(f"there is no method {method!r}; choose {AUTO}, {', '.join(METHODS)}")


def refuse_too_few(name: str, labelled: LabelledWindows, space: Space) -> None:
    """Refuse a method that has too little to learn from, with what it needs."""
    if issubclass(class_of(name), LabelledHash):
        if len(labelled.classes) < FEWEST_CLASSES:
            there = ", ".join(labelled.classes) or "none"
            raise NotInLibrary(
                f"{name} learns from labels and needs at least {FEWEST_CLASSES} of them on "
                f"{FEWEST_RECORDINGS} recordings each; there: {there}. Label more (add "
                "--labels-from-folders, or on the map), or use --method PQ, which needs none"
            )
    elif len(labelled.ids) < FEWEST_WINDOWS:
        raise NotInLibrary(
            f"{name} needs at least {FEWEST_WINDOWS} windows to learn from, and the space "
            f"{space.name!r} has {len(labelled.ids)}; add more sounds"
        )


def rows_to_learn_from(labelled: LabelledWindows, seed: int) -> NDArray[np.int64]:
    """Choose at most 100,000 windows, those with a class first; their places, ascending."""
    order = np.random.default_rng(seed).permutation(len(labelled.ids))
    labels_first = np.argsort(labelled.y[order] == UNLABELLED, kind="stable")
    return np.sort(order[labels_first][:MOST_ROWS])


def judged(
    known: Known, name: str, bits: int, seed: int, tell: Callable[[str], None]
) -> tuple[Judgement | None, Judgement | None]:
    """Judge a method on recordings held out: of all classes, and of some without their labels."""
    held = hold_out(known.recording_ids, known.y, seed=seed)
    if not held.any():
        return None, None
    rows = points(known.vectors, known.metric)
    tell(f"judging {name} on {len(np.unique(known.recording_ids[held]))} recordings held out")
    trial = fitted(name, bits, seed, rows[~held], known.y[~held])
    judgement = judge(trial, known.vectors, known.y, held, known.metric, seed=seed)
    hidden = hide_classes(known.y, seed=seed)
    if not issubclass(class_of(name), LabelledHash) or not len(hidden):
        return judgement, None
    tell(f"judging {name} on sounds of {len(hidden)} classes as if they had no labels")
    y = np.where(np.isin(known.y, hidden), UNLABELLED, known.y)
    trial = fitted(name, bits, seed, rows[~held], y[~held])
    unlabelled = judge(trial, known.vectors, known.y, held, known.metric, seed=seed, only=hidden)
    return judgement, unlabelled


def fitted(
    name: str, bits: int, seed: int, rows: NDArray[np.float32], y: NDArray[np.int64]
) -> Hash:
    """Fit a method.

    Raises
    ------
    QueryError
        If it cannot have that many bits, or learn from these rows.
    """
    kind = class_of(name)
    try:
        return kind(n_bits=bits, random_state=seed).fit(
            rows, y if issubclass(kind, LabelledHash) else None
        )
    except ValueError as error:
        raise QueryError(f"{name} cannot learn {bits}-bit codes here: {error}") from error


def keep(library: Catalog, space: Space, hasher: Hash, learned: Learned, seed: int) -> None:
    """Store what was learned, unless its space has gone meanwhile."""
    with library.write() as connection:
        if catalog.find_space(connection, space.name).id != space.id:
            raise NotInLibrary(f"the space {space.name!r} was replaced while codes were learned")
        catalog.put_model(
            connection,
            space_id=space.id,
            kind=KIND,
            name=NAME,
            parameters={
                "method": learned.method,
                "bits": learned.bits,
                "seed": seed,
                "asymmetric": isinstance(hasher, CodebookHash),
            },
            scores={
                "map_exact": learned.map_exact,
                "map_codes": learned.map_codes,
                "map_exact_unlabelled": learned.map_exact_unlabelled,
                "map_codes_unlabelled": learned.map_codes_unlabelled,
                "n_windows": learned.n_windows,
                "n_labelled": learned.n_labelled,
                "classes": learned.classes,
            },
            weights=hasher.state(),
            generation=space.generation,
        )
    forget_codes(library, space)  # they were the old method's


def forget_codes(library: Catalog, space: Space) -> None:
    """Delete the files of codes of a space, however they are searched."""
    for kind in LEARNED:
        forget(index_directories(library.path), space.id, kind)
