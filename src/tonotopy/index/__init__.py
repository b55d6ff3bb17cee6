"""Indexes: rebuildable caches over the catalog's vectors. `Flat`, exact, is the oracle of all.

============== =============================================================================
kind           what
============== =============================================================================
``flat``       exact; every vector in memory, some 5 ms of CPU for 100 MB
``ivf-rabitq`` approximate; codes of one bit a dimension, re-ranked from the catalog: small
``hnsw``       approximate; a graph over vectors in memory: large, fast on some collections
``codes``      approximate; codes that ``tonotopy train hashing`` learned from the library
``codes-ivf``  the same codes in an inverted file, of which a part is scanned
``codes-imi``  the same in an inverted multi-index, of 65,536 smaller cells
============== =============================================================================

Other packages add kinds by the entry-point group ``tonotopy.indexes``, a name and a class.
"""

from importlib import import_module
from importlib.metadata import entry_points

from tonotopy.distance import Metric
from tonotopy.errors import QueryError
from tonotopy.index.protocol import Fetch, Index, Neighbors

__all__ = [
    "AUTO",
    "BUILTIN",
    "LEARNED",
    "Fetch",
    "Index",
    "Neighbors",
    "choose",
    "choose_codes",
    "index_class",
    "kinds",
]

AUTO = "auto"
BUILTIN = {
    "flat": "tonotopy.index.flat:Flat",
    "ivf-rabitq": "tonotopy.index.ivf_rabitq:IvfRabitq",
    "hnsw": "tonotopy.index.hnsw:Hnsw",
}
LEARNED = {  # built with a fitted method
    "codes": "tonotopy.index.codes:Codes",
    "codes-ivf": "tonotopy.index.codes:IvfCodes",
    "codes-imi": "tonotopy.index.codes:ImiCodes",
}
_GROUP = "tonotopy.indexes"
_EXACT_BELOW_BYTES = 100_000_000
_ALL_CODES_BELOW = 200_000


def kinds() -> list[str]:
    """List the kinds of index there are, our own first."""
    ours = [*BUILTIN, *LEARNED]
    return [*ours, *sorted({plugin.name for plugin in entry_points(group=_GROUP)} - {*ours})]


def choose(n: int, dim: int, metric: Metric, kind: str = AUTO) -> str:
    """Choose a kind of index.

    Parameters
    ----------
    n, dim : int >= 0
        Number of vectors and their length.
    metric : {"cosine", "dot", "euclidean"}
        How they are compared.
    kind : str
        ``auto``, or a kind that is wanted whatever the size.

    Returns
    -------
    str
        For ``auto``: ``flat`` while the vectors take less than 100 MB in float32, or the metric
        is the dot product, which the other kinds do not serve; else ``ivf-rabitq``.

    Raises
    ------
    QueryError
        If there is no such kind.

    Examples
    --------
    >>> choose(10_000, 320, "cosine"), choose(100_000, 320, "cosine")
    ('flat', 'ivf-rabitq')
    """
    if kind == AUTO:
        exact = metric == "dot" or 4 * n * dim < _EXACT_BELOW_BYTES
        return "flat" if exact else "ivf-rabitq"
    if kind not in kinds():
        raise _unknown(kind)
    return kind


def choose_codes(n: int, kind: str = AUTO) -> str:
    """Choose a kind of index for learned codes.

    Parameters
    ----------
    n : int >= 0
        Number of codes.
    kind : str
        ``auto``, or one of `LEARNED`, which is taken whatever the size.

    Returns
    -------
    str
        For ``auto``: ``codes`` below 200,000, from where cells pay (``benchmarks/codes.py``), else
        ``codes-ivf``.

    Examples
    --------
    >>> choose_codes(199_999), choose_codes(200_000), choose_codes(5, "codes-imi")
    ('codes', 'codes-ivf', 'codes-imi')
    """
    if kind == AUTO:
        return "codes" if n < _ALL_CODES_BELOW else "codes-ivf"
    return kind


def index_class(kind: str) -> type[Index]:
    """Import the class of a kind.

    Raises
    ------
    QueryError
        If there is no such kind.
    """
    ours = BUILTIN | LEARNED
    if kind in ours:
        module, _, name = ours[kind].partition(":")
        built_in: type[Index] = getattr(import_module(module), name)
        return built_in
    for plugin in entry_points(group=_GROUP, name=kind):
        loaded: type[Index] = plugin.load()
        return loaded
    raise _unknown(kind)


def _unknown(kind: str) -> QueryError:
    return QueryError(f"there is no kind of index {kind!r}; choose {AUTO}, {', '.join(kinds())}")
