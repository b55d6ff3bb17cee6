"""Names for what is sent to the server: a client's name is taken as text, never as a path."""

import re
import unicodedata

__all__ = ["numbered", "safe_name"]

LONGEST = 120  # bytes of a name, of the 255 that file systems take
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\u202a-\u202e\u2066-\u2069]')  # somewhere
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # on Windows


def safe_name(given: str, *, otherwise: str) -> str:
    r"""Make a name of what a client calls a file or a folder, which is safe in any folder.

    Only what follows the last slash counts; characters that some system forbids become ``_``, and a
    long name loses its middle, not its ending.

    Parameters
    ----------
    given : str
        What it is called.
    otherwise : str
        The name if nothing is left.

    Examples
    --------
    >>> safe_name("../../etc/passwd", otherwise="sound"), safe_name("C:\\kick.wav", otherwise="x")
    ('passwd', 'kick.wav')
    >>> safe_name("..", otherwise="sound"), safe_name("what?.wav", otherwise="sound")
    ('sound', 'what_.wav')
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    storable = last.encode("utf-8", "replace").decode()
    name = FORBIDDEN.sub("_", storable).strip(" .")
    if RESERVED.match(name):
        name = f"_{name}"
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    ending = ending if len(ending) <= 8 else shortened(ending, 8)
    return f"{shortened(stem, LONGEST)}{dot}{ending}" or otherwise


def shortened(text: str, n_bytes: int) -> str:
    """Cut text that has more bytes than it may, between characters."""
    return text.encode()[:n_bytes].decode(errors="ignore").rstrip()


def numbered(name: str, number: int) -> str:
    """Give another name to what would have the name of something else.

    Examples
    --------
    >>> numbered("kick.wav", 1), numbered("kick.wav", 2), numbered("drums", 3)
    ('kick.wav', 'kick (2).wav', 'drums (3)')
    """
    if number == 1:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem} ({number}).{ending}" if dot and stem else f"{name} ({number})"
