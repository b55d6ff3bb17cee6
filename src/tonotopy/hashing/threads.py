"""One order of adding up, however many threads there are: the same rows give the same numbers.

A product of matrices adds up in another order on another number of threads. The last bits that then
differ decide, in k-means, in a beam search or in a regression that is solved by steps, between
quite different codes.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from tonotopy.hashing.kmeans import engine

__all__ = ["on_threads", "one_thread"]


@contextmanager
def one_thread(torch: Any = None) -> Iterator[None]:
    """Hold NumPy, FAISS and, if it is given, torch to one thread; afterwards they are as before.

    Parameters
    ----------
    torch : module, optional
        Once it has been imported.

    Examples
    --------
    >>> before = engine().omp_get_max_threads()
    >>> with one_thread():
    ...     engine().omp_get_max_threads()
    1
    >>> engine().omp_get_max_threads() == before
    True
    """
    engine()  # what is not loaded yet cannot be held
    of_torch = None if torch is None else torch.get_num_threads()
    with import_module("threadpoolctl").threadpool_limits(limits=1):
        try:
            if torch is not None:
                torch.set_num_threads(1)
            yield
        finally:
            if torch is not None:
                torch.set_num_threads(of_torch)


def on_threads(work: Callable[[slice], None], blocks: Iterator[slice]) -> None:
    """Work on blocks of rows side by side, on each with a single thread of FAISS.

    Parameters
    ----------
    work : callable
        Is given each block once, on some thread.
    blocks : iterator of slice
        Which rows belong together must not depend on the number of threads.

    Examples
    --------
    >>> squares = [0] * 4
    >>> def square(block: slice) -> None:
    ...     squares[block] = [place**2 for place in range(block.start, block.stop)]
    >>> on_threads(square, iter([slice(0, 2), slice(2, 4)]))
    >>> squares
    [0, 1, 4, 9]
    """
    faiss = engine()
    with ThreadPoolExecutor(
        faiss.omp_get_max_threads(), initializer=faiss.omp_set_num_threads, initargs=(1,)
    ) as pool:
        for _ in pool.map(work, blocks):
            pass  # raises what went wrong there
