"""Problems that a user can fix.

Everything that a user can mend is a `TonotopyError`; the command line prints it in one line and
exits with 1, the server answers 4xx. Any other exception is a bug and keeps its traceback.

::

    TonotopyError
    ├── DecodeError       a file is not audio we can read
    ├── LibraryError      the library cannot be opened, read or written
    ├── NotInLibrary      a recording, window, space or label that does not exist
    ├── FilterError       a --where expression that cannot be understood
    ├── QueryError        a search that cannot be answered as asked
    ├── EmbedderError     an embedder that cannot be loaded or breaks its contract
    └── MissingExtra      a feature needs packages that a plain install leaves out
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

__all__ = [
    "DecodeError",
    "EmbedderError",
    "FilterError",
    "LibraryError",
    "MissingExtra",
    "NotInLibrary",
    "QueryError",
    "TonotopyError",
    "optional",
]


class TonotopyError(Exception):
    """A problem the user can fix; its text says what happened, the value, and what to do."""


class DecodeError(TonotopyError):
    """A file is not audio we can read.

    Parameters
    ----------
    path : Path
        The file.
    reason : str
        What went wrong, a phrase without a full stop.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(path, reason)

    def __str__(self) -> str:
        return f"cannot decode {self.path}: {self.reason}"


class LibraryError(TonotopyError):
    """The library cannot be opened, read or written."""


class NotInLibrary(TonotopyError):
    """A recording, window, space or label that the library does not hold."""


class FilterError(TonotopyError):
    """A filter expression that cannot be understood."""


class QueryError(TonotopyError):
    """A search that cannot be answered as it was asked."""


class EmbedderError(TonotopyError):
    """An embedder that cannot be loaded or breaks its contract."""


class MissingExtra(TonotopyError):
    """A feature needs packages that a plain install leaves out."""


def optional(module: str, *, extra: str) -> ModuleType:
    """Import a module that comes with an extra, or say which extra to install.

    Parameters
    ----------
    module : str
        Dotted name of the module.
    extra : str
        The extra of tonotopy that installs it.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingExtra
        If the package is not installed. A package that is present but broken keeps its own error.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise  # present but broken: hiding that would send the user the wrong way
        raise MissingExtra(
            f"{module} is not installed; run: pip install 'tonotopy[{extra}]'"
        ) from None
