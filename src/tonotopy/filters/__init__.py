"""Filters: a small language that says which recordings are meant.

::

    label = 'door' and not (duration_s > 2 or path ~ '*/old/*')
    speaker in ('anna', 'ben') and recorded_at >= '2024-05-01'
    unlabelled or `signal to noise` < 10

    or_    := and_ ('or' and_)*
    and_   := not_ ('and' not_)*
    not_   := 'not' not_ | '(' or_ ')' | test
    test   := 'unlabelled' | field op value | field ['not'] 'in' '(' value (',' value)* ')'
    op     := '=' | '!=' | '<' | '<=' | '>' | '>=' | '~'
    value  := 'text' | "text" | number | true | false

Keywords are read in any case. Inside quotes a doubled quote stands for one. A field is a word of
letters, digits and ``_ . -`` that starts with a letter or ``_``; any other metadata key stands in
back quotes. ``~`` compares with a glob, ``*`` and ``?``, in any case. Times are ISO 8601 text; a
date without a time is that whole day, and a time without an offset is UTC.

A recording may have several labels, predictions and tags: ``=``, ``~`` and ``in`` hold when any of
them fits, ``!=`` and ``not in`` when none does. A tag is what an embedder heard; ``tag = 'Animal'``
also holds for what stands below it in AudioSet's tree of sounds, such as ``Dog``, in any case. A
field without a value fits nothing but ``!=`` and ``not in``: ``pitch_hz`` has none where most of a
recording has no pitch. A metadata key with the name of a
built-in field of `FIELDS` cannot be asked for.

This package only reads and writes the language; the catalog turns a `Filter` into a query.
"""

from tonotopy.filters.nodes import (
    FIELDS,
    And,
    Comparison,
    FieldKind,
    Filter,
    In,
    Not,
    Op,
    Or,
    Unlabelled,
    Value,
)
from tonotopy.filters.reading import MAX_CHARACTERS, MAX_DEPTH, parse
from tonotopy.filters.writing import check_fields, fields, format_filter

__all__ = [
    "FIELDS",
    "MAX_CHARACTERS",
    "MAX_DEPTH",
    "And",
    "Comparison",
    "FieldKind",
    "Filter",
    "In",
    "Not",
    "Op",
    "Or",
    "Unlabelled",
    "Value",
    "check_fields",
    "fields",
    "format_filter",
    "parse",
]
