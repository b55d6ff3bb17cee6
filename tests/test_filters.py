"""The filter language: what it reads, what it refuses and how it says so."""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tonotopy.errors import FilterError
from tonotopy.filters import (
    FIELDS,
    MAX_CHARACTERS,
    MAX_DEPTH,
    And,
    Comparison,
    FieldKind,
    Filter,
    In,
    Not,
    Or,
    Unlabelled,
    check_fields,
    fields,
    format_filter,
    parse,
)

A = Comparison("a", "=", 1)
B = Comparison("b", "=", 2)
C = Comparison("c", "=", 3)

# What any filter may be made of, the odd included.

names = st.text(min_size=1, max_size=8).filter(lambda name: name not in FIELDS) | st.sampled_from(
    ["and", "Not", "true", "take-2", "signal to noise", "`", "größe", "3rd"]
)
texts = st.text(max_size=8) | st.sampled_from(["'", '"', "it''s", "*.wav", "\n", "\\"])
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = texts | numbers | st.booleans()
times = st.datetimes().map(lambda moment: moment.isoformat()) | st.dates().map(str)
order = st.sampled_from(["<", "<=", ">", ">="])
equality = st.sampled_from(["=", "!="])

comparisons = st.one_of(
    st.builds(Comparison, names, equality, values),
    st.builds(Comparison, names, order, texts | numbers),
    st.builds(Comparison, names, st.just("~"), texts),
    st.builds(Comparison, st.sampled_from(["label", "path", "tag"]), equality, texts),
    st.builds(Comparison, st.just("duration_s"), equality | order, numbers),
    st.builds(Comparison, st.just("recorded_at"), equality | order, times),
)
lists = st.builds(In, names, st.lists(values, min_size=1, max_size=3).map(tuple), st.booleans())
leaves = comparisons | lists | st.just(Unlabelled())


def branches(terms):
    several = st.lists(terms, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, terms) | st.builds(And, several) | st.builds(Or, several)


filters = st.recursive(leaves, branches, max_leaves=12)


@given(filters)
def test_every_filter_is_read_back_from_its_text(filter: Filter):
    again = parse(format_filter(filter))
    assert again == filter
    assert repr(again) == repr(filter)  # 1, 1.0 and True are equal, but not the same


WORDS = """
    and or not in ( ) , = != < <= > >= ~ unlabelled label duration_s recorded_at `odd one`
    'door' '2024-05-01' 'it''s' "x" 1 -2.5e3 1e999 true FALSE ' ` " é 3rd - . \\ \x00
"""
sentences = st.lists(st.sampled_from(WORDS.split()), max_size=12).map(" ".join)


@settings(max_examples=500)
@given(st.text(max_size=60) | sentences)
@example("label = '\ud800'")
@example("recorded_at = '\ud800'")
@example("a = " + "9" * 5000)
@example("a in (" + "1," * 3000)
@example("a = 1 'two\nlines'")
@example("duration_s = 'two\nlines'")
@example("duration_s = '" + "x" * 9000 + "'")
def test_any_text_is_either_read_or_refused_with_a_caret(text: str):
    try:
        filter = parse(text)
    except FilterError as error:
        first, _, caret = str(error).split("\n")
        assert first.startswith("cannot read the filter: ")
        assert caret.strip() == "^"
        assert len(first) < 200
    else:
        assert parse(format_filter(filter)) == filter


@pytest.mark.parametrize(
    ("text", "filter"),
    [
        ("label = 'door'", Comparison("label", "=", "door")),
        ('label != "door"', Comparison("label", "!=", "door")),
        ("label='dog''s'", Comparison("label", "=", "dog's")),
        ('label="a ""b"" c"', Comparison("label", "=", 'a "b" c')),
        ("duration_s<=-.5", Comparison("duration_s", "<=", -0.5)),
        ("duration_s > +1E2", Comparison("duration_s", ">", 100.0)),
        ("take > 3", Comparison("take", ">", 3)),
        ("clipped = TRUE", Comparison("clipped", "=", True)),
        ("path ~ '*/old/?.wav'", Comparison("path", "~", "*/old/?.wav")),
        ("recorded_at >= '2024-05-31'", Comparison("recorded_at", ">=", "2024-05-31")),
        ("`signal to noise` < 10", Comparison("signal to noise", "<", 10)),
        ("`a``b` = 1", Comparison("a`b", "=", 1)),
        ("größe_2.max-1 = 1", Comparison("größe_2.max-1", "=", 1)),
        ("`not` = 1", Comparison("not", "=", 1)),
        ("speaker in ('anna', 7, true)", In("speaker", ("anna", 7, True))),
        ("speaker NOT IN ('anna')", In("speaker", ("anna",), negated=True)),
        ("Unlabelled", Unlabelled()),
        ("not unlabelled", Not(Unlabelled())),
        ("\n a\t= 1 ", A),
    ],
)
def test_each_form_of_the_language_is_understood(text: str, filter: Filter):
    assert parse(text) == filter
    assert repr(parse(text)) == repr(filter)


@pytest.mark.parametrize(
    ("text", "filter"),
    [
        ("a = 1 and b = 2 and c = 3", And((A, B, C))),
        ("a = 1 or b = 2 and c = 3", Or((A, And((B, C))))),
        ("a = 1 and b = 2 or c = 3", Or((And((A, B)), C))),
        ("a = 1 and (b = 2 or c = 3)", And((A, Or((B, C))))),
        ("(a = 1 and b = 2) and c = 3", And((And((A, B)), C))),
        ("not a = 1 and b = 2", And((Not(A), B))),
        ("not (a = 1 and b = 2)", Not(And((A, B)))),
        ("not not a = 1", Not(Not(A))),
        ("((a = 1))", A),
        ("A = 1 AND a = 1 oR a=1", Or((And((Comparison("A", "=", 1), A)), A))),
    ],
)
def test_not_binds_before_and_before_or(text: str, filter: Filter):
    assert parse(text) == filter


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("", 0, "it is empty; write for example label = 'door' and duration_s < 2"),
        ("   ", 3, "it is empty"),
        ("label", 5, "expected one of = != < <= > >= ~ in, found the end"),
        ("label =", 7, "expected a value: 'text', a number, true or false, found the end"),
        ("label == 'a'", 7, "expected a value: 'text', a number, true or false, found ="),
        ("label = door", 8, "text stands in quotes: 'door'"),
        ("label = 'door", 8, "the quote ' is never closed"),
        ("`a = 1", 0, "the quote ` is never closed"),
        ("label = 'a' label = 'b'", 12, "expected 'and', 'or' or the end, found label"),
        ("(label = 'a'", 12, "expected 'and', 'or' or ')', found the end"),
        ("label = 'a')", 11, "expected 'and', 'or' or the end, found )"),
        ("label in 'a'", 9, "expected '(' and a list of values, found 'a'"),
        ("label in ()", 10, "expected a value"),
        ("label in ('a' 'b')", 14, "expected ',' or ')', found 'b'"),
        ("label in ('a',)", 14, "expected a value"),
        ("label not = 'a'", 10, "expected 'in', found ="),
        ("and a = 1", 0, "expected a field such as label or duration_s, found and"),
        ("a = 1 or", 8, "expected a field such as label or duration_s, found the end"),
        ("'label' = 'a'", 0, "expected a field such as label or duration_s, found 'label'"),
        ("a; drop table", 1, "';' means nothing here"),
        ("3rd = 1", 0, "this is neither a number nor a field"),
        ("`` = 1", 0, "a field needs a name"),
        ("a = 1e999", 4, "inf is too large a number"),
        ("a = 9223372036854775808", 4, "9223372036854775808 is too large a number"),
        ("duration_s = 'abc'", 13, "duration_s is a number, not 'abc'"),
        ("duration_s = true", 13, "duration_s is a number, not True"),
        ("duration_s in (1, 'a')", 18, "duration_s is a number, not 'a'"),
        ("duration_s ~ '1*'", 11, "duration_s is a number; ~ is for text"),
        ("label = 3", 8, "label is text, in quotes, not 3"),
        ("label < 'b'", 6, "label is text and has no order; use = != ~ or in, not <"),
        ("take ~ 3", 7, "~ compares with a glob in quotes, such as '*.wav', not 3"),
        ("clipped > false", 10, "true and false have no order; use = or !=, not >"),
        ("recorded_at > '31/5/2024'", 14, "recorded_at is a time such as '2024-05-31'"),
        ("added_at < 2024", 11, "added_at is a time such as '2024-05-31'"),
        ("added_at ~ '2024*'", 9, "added_at is a time; ~ is for text"),
        ("unlabelled = true", 11, "write unlabelled or not unlabelled"),
        ("unlabelled in (true)", 11, "write unlabelled or not unlabelled"),
        ("`unlabelled` = true", 0, "write unlabelled or not unlabelled"),
    ],
)
def test_an_error_points_at_the_place_and_says_what_was_expected(text, column, expected):
    with pytest.raises(FilterError) as caught:
        parse(text)
    problem, shown, caret = str(caught.value).split("\n")
    assert expected in problem
    assert shown == "  " + text
    assert caret == "  " + " " * column + "^"


def test_the_caret_stands_under_the_place_after_wide_and_combining_characters():
    with pytest.raises(FilterError) as caught:
        parse("label = '東e\u0301' x")
    _, _, caret = str(caught.value).split("\n")
    assert caret == "  " + " " * 14 + "^"  # label = '東é' fills 13 columns of a terminal


def test_a_long_expression_is_shown_around_the_place_only():
    text = " and ".join(["label = 'door'"] * 100) + " and bell and " + "label = 'x'"
    with pytest.raises(FilterError) as caught:
        parse(text)
    _, shown, caret = str(caught.value).split("\n")
    assert len(shown) < 100
    assert shown[caret.index("^") :].startswith("and label = 'x'")
    assert shown.startswith("  ...")


def test_a_line_break_in_the_expression_does_not_move_the_caret():
    with pytest.raises(FilterError) as caught:
        parse("label = 'a'\nand 'b'")
    assert str(caught.value).endswith("\n  label = 'a' and 'b'\n" + " " * 18 + "^")


def test_too_long_an_expression_is_refused():
    fits = "a = '" + "x" * (MAX_CHARACTERS - 6) + "'"
    assert parse(fits) == Comparison("a", "=", fits[5:-1])
    with pytest.raises(FilterError, match="it has 10,001 characters; at most 10,000 are read"):
        parse(fits + " ")


@pytest.mark.parametrize("opening", ["(", "not ", "not ("])
def test_nesting_is_read_to_its_limit_and_refused_beyond_it(opening: str):
    per_opening = 2 if opening == "not (" else 1
    for n_openings, fits in [(MAX_DEPTH // per_opening, True), (MAX_DEPTH + 1, False)]:
        text = opening * n_openings + "a = 1" + ")" * (opening.count("(") * n_openings)
        if fits:
            assert fields(parse(text)) == {"a"}
        else:
            with pytest.raises(FilterError, match="nested more than 50 deep"):
                parse(text)


def test_a_deep_nest_as_long_as_allowed_does_not_exhaust_the_stack():
    with pytest.raises(FilterError, match="nested more than 50 deep"):
        parse("(" * MAX_CHARACTERS)


def test_a_flat_chain_as_long_as_allowed_is_read():
    text = " or ".join(["a=1"] * 1400)
    assert parse(text) == Or((A,) * 1400)


def test_fields_are_collected_from_every_corner():
    filter = parse("(a = 1 or not b in (1)) and label ~ 'x' and unlabelled and `odd one` > 2")
    assert fields(filter) == {"a", "b", "label", "unlabelled", "odd one"}


def test_known_fields_pass_the_check():
    check_fields(parse("label = 'x' and unlabelled and speaker = 'anna'"), {"speaker"})
    for name, kind in FIELDS.items():
        if kind is FieldKind.TEXT:
            check_fields(Comparison(name, "=", "x"), ())
        elif kind is FieldKind.NUMBER:
            check_fields(Comparison(name, "<", 1), ())


def test_a_misspelt_field_is_named_with_the_nearest_spelling_and_the_fields_there_are():
    with pytest.raises(FilterError) as caught:
        check_fields(parse("take = 1 and Duration = 2"), {"take", "signal to noise"})
    problem, shown, caret = str(caught.value).split("\n")
    assert "there is no field 'Duration'; did you mean duration_s?" in problem
    assert problem.endswith("unlabelled, `signal to noise`, take")
    assert shown == "  take = 1 and Duration = 2"
    assert caret == "  " + " " * 13 + "^"


def test_a_field_like_no_other_gets_no_guess():
    with pytest.raises(FilterError, match=r"there is no field 'xyzzy'\. Known are label, "):
        check_fields(parse("xyzzy = 1"), ["speaker"])


def test_of_thousands_of_keys_a_few_are_listed():
    keys = [f"key_{number:04}" for number in range(3000)]
    with pytest.raises(FilterError, match=r"key_0019 and 2980 more"):
        check_fields(parse("xyzzy = 1"), keys)


@pytest.mark.parametrize(
    "build",
    [
        lambda: And((A,)),
        lambda: Or(()),
        lambda: In("a", ()),
        lambda: In("label", (1,)),
        lambda: Comparison("", "=", 1),
        lambda: Comparison("a", "==", 1),  # type: ignore[arg-type]
        lambda: Comparison("a", "=", math.nan),
        lambda: Comparison("a", "=", 2**63),
        lambda: Comparison("duration_s", "=", "long"),
        lambda: Comparison("unlabelled", "=", True),
    ],
)
def test_nonsense_cannot_be_built_by_hand_either(build):
    with pytest.raises(ValueError):
        build()
