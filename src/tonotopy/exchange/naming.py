"""Names within an archive: safe everywhere, each once."""

import os
import re

__all__ = ["Names"]

UNSAFE = re.compile(r'[<>:"\\|?*\x00-\x1f\x7f]')  # what some system does not allow in a name


class Names:
    """Gives names that were not given before.

    Examples
    --------
    >>> names = Names()
    >>> names.take("drums/kick.wav", ".txt"), names.take("drums/Kick.wav", ".txt")
    ('drums/kick.txt', 'drums/Kick (2).txt')
    >>> names.take("../what?.wav", ".wav")
    'what_.wav'
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, path: str, ending: str) -> str:
        """Take the name of a file below its folder, with another ending."""
        parts = [UNSAFE.sub("_", part).strip(". ") for part in os.path.splitext(path)[0].split("/")]
        stem = "/".join(part for part in parts if part) or "sound"
        name, number = f"{stem}{ending}", 1
        while name.casefold() in self._taken:  # some systems do not tell upper from lower case
            number += 1
            name = f"{stem} ({number}){ending}"
        self._taken.add(name.casefold())
        return name
