"""Words in file names: what to search them by, and labels that people wrote into them."""

import re
import string
import unicodedata
from functools import lru_cache

__all__ = ["label_from_pattern", "split_words"]

_AUDIO_SUFFIX = re.compile(
    r"\.(wave?|flac|ogg|oga|opus|mp[234]|m4a|m4b|aac|wma|aif[fc]?|au|caf|w64|rf64|bwf|webm|mka|mov)$",
    re.IGNORECASE,
)

# A character of a word is upper case, lower case, a digit, or a letter of a script without case.
_KINDS = {"Lu": "U", "Lt": "U", "Ll": "L", "Nd": "D", "No": "D", "Lm": "O", "Lo": "O", "Nl": "O"}
_WORD = re.compile(
    """
      U+ (?! L)     # BPM, and HTTP of HTTPServer
    | U? L+         # door, Door
    | D+
    | O+
    """,
    re.VERBOSE,
)


def split_words(name: str) -> list[str]:
    """Split the name of a file or folder into words to search it by.

    Parameters
    ----------
    name : str
        A name or a path; the ending of an audio file at its end is left out.

    Returns
    -------
    list of str
        Case-folded, in order. A word ends at punctuation, between letters and digits, and where
        CamelCase or the script begins anew. The ligature ``"ﬁ"`` is ``"fi"``, and so on (NFKC).

    Examples
    --------
    >>> split_words("DoorSlam_03-metal.wav")
    ['door', 'slam', '03', 'metal']
    >>> split_words("field recordings/TR808Kick (loud).FLAC")
    ['field', 'recordings', 'tr', '808', 'kick', 'loud']
    """
    text = unicodedata.normalize("NFKC", _AUDIO_SUFFIX.sub("", name))
    return [text[slice(*match.span())].casefold() for match in _WORD.finditer(_kinds(text))]


def _kinds(text: str) -> str:
    kinds = " "
    for char in text:
        category = unicodedata.category(char)
        # A combining mark belongs to the letter before it.
        kinds += kinds[-1] if category.startswith("M") else _KINDS.get(category, " ")
    return kinds[1:]


def label_from_pattern(pattern: str, stem: str) -> dict[str, str] | None:
    """Read the fields that a pattern such as ``{label}_{speaker}_{take}`` finds in a file's name.

    Parameters
    ----------
    pattern : str
        Fields in braces with text between them; ``{{`` and ``}}`` mean braces themselves.
    stem : str
        The name of a file without folder and ending; the pattern must fit all of it.

    Returns
    -------
    dict or None
        The text of each field, None where the pattern does not fit. No field is empty; each is as
        short as can be, and the last takes the rest.

    Raises
    ------
    ValueError
        If the pattern has no field, a field without a name or twice, no text between two fields, or
        a brace of its own.

    Examples
    --------
    >>> label_from_pattern("{label}_{speaker}_{take}", "seven_jackson_03_b")
    {'label': 'seven', 'speaker': 'jackson', 'take': '03_b'}
    >>> label_from_pattern("{label}_{speaker}", "seven") is None
    True
    """
    prefix, fields = _read_pattern(pattern)
    if not stem.startswith(prefix):
        return None
    found = {}
    start = len(prefix)
    for number, (field, behind) in enumerate(fields, 1):
        # Taking the first place is safe: where it fits at all, it leaves the others the most.
        end = _end_of_stem(stem, behind) if number == len(fields) else stem.find(behind, start + 1)
        if end <= start:
            return None
        found[field] = stem[start:end]
        start = end + len(behind)
    return found


def _end_of_stem(stem: str, suffix: str) -> int:
    return len(stem) - len(suffix) if stem.endswith(suffix) else -1


@lru_cache(maxsize=32)
def _read_pattern(pattern: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Split a pattern into the text before its fields, and each field with the text behind it."""
    texts, names = [""], []
    try:
        parts = list(string.Formatter().parse(pattern))
    except ValueError as error:
        raise _wrong(pattern, f"{error}; write {{{{ or }}}} for a brace") from None
    for text, name, format_spec, conversion in parts:
        texts[-1] += text
        if name is None:
            continue
        if format_spec or conversion or not re.fullmatch(r"[^\W\d][\w.\-]*", name):
            raise _wrong(pattern, f"a field is a name of letters, digits and _ . -, not {name!r}")
        if name in names:
            raise _wrong(pattern, f"the field {name!r} occurs twice")
        names.append(name)
        texts.append("")
    if not names:
        raise _wrong(pattern, "it has no field")
    if "" in texts[1:-1]:
        raise _wrong(pattern, "two fields need some text between them")
    return texts[0], tuple(zip(names, texts[1:], strict=True))


def _wrong(pattern: str, problem: str) -> ValueError:
    return ValueError(
        f"cannot use the pattern {pattern!r}: {problem}. A pattern is for example "
        "'{label}_{speaker}_{take}', which finds label 'door' in door_anna_03.wav"
    )
