"""Paths as the catalog keeps them: text that any file name survives.

A name on disk is bytes. Where they are UTF-8 they are kept as they are; bytes that are not are
written as ``%XX``, and a ``%`` that would read like one of those is written as ``%25``.
"""

import os
import re
from urllib.parse import unquote_to_bytes

__all__ = ["escape", "storable", "unescape"]

AMBIGUOUS = re.compile(r"%(?=[0-9A-Fa-f]{2})")
SURROGATE = re.compile("[\udc80-\udcff]")


def escape(path: str) -> str:
    r"""Write a path of the operating system as text without surrogates.

    Examples
    --------
    >>> escape("drums/kick 100%.wav")
    'drums/kick 100%.wav'
    >>> escape("caf\udce9.wav"), escape("a%41.wav")
    ('caf%E9.wav', 'a%2541.wav')
    """
    return storable(AMBIGUOUS.sub("%25", path))


def storable(text: str) -> str:
    r"""Write what a database cannot take as text: bytes that are no UTF-8 as %XX, else as ``?``.

    Examples
    --------
    >>> storable("caf\udce9"), storable("\ud800"), storable("a%41")
    ('caf%E9', '?', 'a%41')
    """
    shown = SURROGATE.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", text)
    return shown.encode("utf-8", "replace").decode()


def unescape(text: str) -> str:
    r"""Give back the path that `escape` wrote down.

    Examples
    --------
    >>> unescape("caf%E9.wav") == "caf\udce9.wav"
    True
    """
    return os.fsdecode(unquote_to_bytes(text.encode("utf-8", "surrogatepass")))
