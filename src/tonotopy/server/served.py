"""The library that is served, and what every route asks for."""

import os
from threading import Lock
from typing import Annotated

from fastapi import Depends, Path, Request

from tonotopy.catalog import Catalog, open_catalog
from tonotopy.errors import LibraryError
from tonotopy.server.ids import MAX_ID

__all__ = ["Library", "PathId", "Served"]

PathId = Annotated[int, Path(ge=1, le=MAX_ID)]


class Served:
    """The library that is served, opened again when another file takes its place.

    A file that is deleted or replaced stays readable for those who have it open. A server that
    runs for weeks would show what nobody else sees any more.

    Parameters
    ----------
    library : Catalog
        An open library.
    """

    def __init__(self, library: Catalog) -> None:
        self._library = library
        self._lock = Lock()
        self._identity = self._look()

    def current(self) -> Catalog:
        """Give the library as it is on disk now.

        Raises
        ------
        LibraryError
            If the file is gone, or what took its place cannot be opened.
        """
        with self._lock:
            identity = self._look()
            if identity != self._identity:
                reopened = open_catalog(self._library.path, create=False)
                self.close()
                self._library, self._identity = reopened, identity
            return self._library

    def close(self) -> None:
        """Close what is open; requests that are under way keep what they need."""
        self._library.close()

    def _look(self) -> tuple[int, int]:
        """Tell one file from another; a file that is open keeps its number to itself."""
        path = self._library.path
        try:
            status = os.stat(path)
        except OSError as error:
            raise LibraryError(
                f"the library {path} is gone ({error.strerror}); "
                "put it back, or serve another one with -L"
            ) from error
        return status.st_dev, status.st_ino


def current_library(request: Request) -> Catalog:
    """Give the library that is served."""
    served: Served = request.app.state.served
    return served.current()


Library = Annotated[Catalog, Depends(current_library)]
