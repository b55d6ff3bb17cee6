"""From words that people type to the classes of sound that they mean.

The words are those of ``everyday.txt``, beside this module, and the names of the classes. A word
means classes with weights from 0 to 1. What is below a class in the tree counts as the class; what
is above it counts a little, as taggers often name the kind rather than the sound.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from tonotopy.ontology.classes import (
    CLASSES,
    N_CLASSES,
    SOUNDS,
    Sound,
    children,
    find,
    parents,
)

__all__ = ["Match", "Term", "match", "near_words"]


def _spelt(text: str) -> list[str]:
    """Part a text into words of letters and numbers, case-folded."""
    return re.findall(r"[^\W\d_]+|\d+", unicodedata.normalize("NFKC", text).casefold())


PARENT = 0.3  # what the kind of a sound says of it
INDIRECT = 0.7  # where the nearest classes stand in for a sound that is no class itself
LONGEST = 5  # words of an entry
SHORTEST_PART = 3  # letters of a part of a compound
SHOWN = 3  # classes of a term that `why` names

NEGATIONS = frozenset({"not", "no", "without", "except", "minus"})
#: Words that mean no sound, and qualities that taggers do not tell apart.
SILENT = frozenset(
    _spelt(
        "a an and any are as at audio being best big bright by clip clips close dark deep "
        "distant far fast few find for from good great heavy her high his huge in into is it "
        "its large less light like little long loud low many me more my natural near nearby "
        "nice noises of off old on one onto or our over please quick real really recording "
        "recordings s sample samples several short single slow small soft solo some somebody "
        "someone something sound sounds sudden than that the their there these this those "
        "tiny to two up very which with young your"
    )
)

Weights = dict[int, float]  # by the index of a class


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase of a query, and what it means."""

    text: str
    weights: Weights  #: empty where no sound is known for it
    wanted: bool = True  #: False after "not" or "without"

    @property
    def classes(self) -> NDArray[np.float32]:
        """The weights as an array of shape (521,)."""
        row = np.zeros(N_CLASSES, np.float32)
        row[list(self.weights)] = list(self.weights.values())
        return row

    @property
    def why(self) -> str:
        """What it means, in words: ``"sneezes: Sneeze"``."""
        if not self.weights:
            near = near_words(self.text)
            hint = f" (near: {', '.join(near)})" if near else ""
            return f"no sound is known for {self.text!r}{hint}"
        best = sorted(self.weights, key=lambda each: -self.weights[each])
        more = ", ..." if len(best) > SHOWN else ""
        named = ", ".join(CLASSES[each].name for each in best[:SHOWN]) + more
        return f"{'' if self.wanted else 'not '}{self.text}: {named}"


@dataclass(frozen=True, slots=True)
class Match:
    """What the words of a query mean."""

    terms: tuple[Term, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """The words that no sound is known for."""
        return tuple(dict.fromkeys(term.text for term in self.terms if not term.weights))

    @property
    def weights(self) -> NDArray[np.float32]:
        """What is wanted, the mean over its terms, of shape (521,); zeros where nothing is."""
        wanted = [term.classes for term in self.terms if term.wanted and term.weights]
        return np.mean(wanted, axis=0) if wanted else np.zeros(N_CLASSES, np.float32)

    @property
    def why(self) -> str:
        """What the words mean, and which mean nothing, in one line."""
        return "; ".join(dict.fromkeys(term.why for term in self.terms))


def match(query: str) -> Match:
    """Tell which classes of sound the words of a query mean.

    Parameters
    ----------
    query : str
        Words in English; after "not", "without" or a minus sign, what is not wanted. The longest
        phrases that are known count, then words; plurals and forms of verbs are seen through.

    Returns
    -------
    Match
        A term for each word or phrase, but for small words such as "the" beside others.

    Examples
    --------
    >>> match("geese without sneezes").why
    'geese: Goose, Honk, Duck, ...; not sneezes: Sneeze'
    >>> match("xylofone").why
    "no sound is known for 'xylofone' (near: xylophone)"
    """
    terms: list[Term] = []
    passed: list[Term] = []
    for words, wanted in _clauses(query):
        at = 0
        while at < len(words):
            n_words, weights = _longest(words[at:])
            text = " ".join(words[at : at + n_words])
            if weights:
                terms.append(Term(text, weights, wanted))
            elif text in SILENT:
                passed.append(Term(text, {}, wanted))
            else:
                split = _compound(text)
                terms += [Term(part, _meanings()[part], wanted) for part in split]
                terms += [] if split else [Term(text, {}, wanted)]
            at += n_words
    return Match(tuple(terms or passed))


def _clauses(query: str) -> Iterator[tuple[list[str], bool]]:
    """Split a query where what is wanted ends and what is not begins, and the other way round."""
    for clause in re.split(r"[,;]+|\bbut\b", query):
        words: list[str] = []
        wanted = True
        for part in clause.split():
            spelt = _spelt(part)
            negates = part.casefold() in NEGATIONS
            minus = len(part) > 1 and part[0] in "-\N{MINUS SIGN}" and part[1].isalpha()
            if negates or minus:
                yield words, wanted
                words, wanted = [], False
            if not negates:
                words += spelt
        yield words, wanted


def _longest(words: Sequence[str]) -> tuple[int, Weights]:
    """Find the longest phrase at the beginning of words that has a meaning: its length, meaning."""
    known = _meanings()
    for n_words in range(min(LONGEST, len(words)), 0, -1):
        *first, last = words[:n_words]
        found = [key for stem in _stems(last) if (key := "".join([*first, stem])) in known]
        if found and (n_words > 1 or last not in SILENT):
            return n_words, _joined(known[key] for key in _singular_first(found))
        if n_words > 1 and not SILENT.intersection((first[0], last)):
            key = "".join(_base(word, known) for word in words[:n_words])
            if key in known:
                return n_words, known[key]
    return 1, {}


def _singular_first(found: list[str]) -> list[str]:
    """Choose what a word means: as it stands, and where it may be a plural, as one of them."""
    plural = len(found) > 1 and found[0].endswith("s")
    return [found[1], found[0]] if plural else found[:1]


def _joined(meanings: Iterable[Weights]) -> Weights:
    joined: Weights = {}
    for weights in meanings:
        for index, weight in weights.items():
            joined[index] = max(weight, joined.get(index, 0.0))
    return joined


def _base(word: str, known: dict[str, Weights]) -> str:
    return next((stem for stem in _stems(word) if stem in known), word)


def _stems(word: str) -> list[str]:
    """List what a word may be a form of, itself first."""
    return [word, *_roots(word)] if len(word) > SHORTEST_PART else [word]


def _roots(word: str) -> Iterator[str]:
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
        yield word[:-2]
    if word.endswith("ves"):
        yield word[:-3] + "f"
    if word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
    for suffix in ("ing", "ed"):
        root = word.removesuffix(suffix)
        if root == word or len(root) < SHORTEST_PART - 1:
            continue
        yield root
        yield root + "e"
        if root[-1] == root[-2]:
            yield root[:-1]
        if suffix == "ed" and root.endswith("i"):
            yield root[:-1] + "y"


def _compound(word: str) -> list[str]:
    """Split a word that is two known ones, such as dogbark."""
    known = _meanings()
    for cut in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
        parts = [_base(part, known) for part in (word[:cut], word[cut:])]
        if all(part in known and part not in SILENT for part in parts):
            return parts
    return []


def near_words(word: str) -> list[str]:
    """List up to three known words that are spelt much like one, the nearest first.

    Examples
    --------
    >>> near_words("xylofone")
    ['xylophone']
    """
    return get_close_matches(word.casefold(), _meanings(), n=3, cutoff=0.75)


@lru_cache(maxsize=1)
def _meanings() -> dict[str, Weights]:
    """Read what words mean: by their letters alone, so that hi-hat and hihat are one."""
    meanings: dict[str, Weights] = {}
    for words, listed in [*_class_names(), *_everyday()]:
        weights = _spread(listed)
        for word in words:
            key = "".join(_spelt(word))
            meanings[key] = _joined([meanings.get(key, {}), weights])
    return meanings


def _class_names() -> Iterator[tuple[list[str], dict[str, float]]]:
    for sound in SOUNDS.values():
        plain = re.sub(r" \(.*\)", "", sound.name)
        yield [sound.name, plain, *plain.split(", ")], {sound.mid: 1.0}


def _everyday() -> Iterator[tuple[list[str], dict[str, float]]]:
    text = files("tonotopy.ontology").joinpath("everyday.txt").read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            words, _, meant = line.partition(" = ")
            listed = dict(map(_listed, meant.split("; ")))
            yield words.split(", "), listed


def _listed(item: str) -> tuple[str, float]:
    name, _, weight = item.rpartition(" ")
    sound, value = (find(name), float(weight)) if weight[0].isdigit() else (find(item), 1.0)
    if sound is None:
        raise ValueError(f"everyday.txt names {item!r}, which is no sound of AudioSet")
    return sound.mid, value


def _spread(listed: dict[str, float]) -> Weights:
    """Spread meanings over the tree: fully to what is below, a little to what is right above."""
    weights: Weights = {}
    for mid, weight in listed.items():
        sound = SOUNDS[mid]
        _below(sound, weight, weights)
        for above in parents(sound):
            _raise(weights, above, weight * PARENT)
        if not any(each.index is not None for each in (sound, *children(sound))):
            for above in parents(sound):
                _raise(weights, above, weight * INDIRECT)
    return weights


def _below(sound: Sound, weight: float, weights: Weights) -> None:
    _raise(weights, sound, weight)
    for child in children(sound):
        # A hiss may be a cat's, a snake's or of steam: it says a third of each.
        _below(child, weight / math.sqrt(len(child.parent_mids)), weights)


def _raise(weights: Weights, sound: Sound, weight: float) -> None:
    if sound.index is not None:
        weights[sound.index] = max(weight, weights.get(sound.index, 0.0))
