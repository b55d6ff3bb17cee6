"""Filters in SQL give what a slow evaluation by the language's own words gives."""

import random
import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from tonotopy import catalog
from tonotopy.catalog import tables
from tonotopy.errors import FilterError
from tonotopy.filters import And, Comparison, In, Not, Or, Unlabelled, parse
from tonotopy.windows import covers_half

TEXTS = [
    "door",
    "Door",
    "DÖR",
    "dör",
    "o'clock",
    '"quoted"',
    "100%",
    "a_b",
    "[x]",
    "'; DROP TABLE windows; --",
    "🎵",
    "3",
    "03",
    "2024-05-31",
    "true",
    "nan",
    "1_000",
    "",
]
NUMBERS = [0, 3, -1.5, 1.5, 2**53, 1000.0, 1e300]
MOMENTS = [
    datetime(2024, 5, 31, 23, 59, tzinfo=UTC),
    datetime(2024, 6, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))),
    datetime(2024, 6, 1, 0, 0, 0, 5, tzinfo=UTC),
]
KEYS = ["x", "take", 'odd "key"', "with.dot", "$[0]", "größe"]
GLOBS = ["*", "d?r", "*Ö*", "/sounds/*", "*[x]*", "[x]", "?", "", "*.WAV", "100%", "a?b", "*'*"]


class Sound:
    """A recording as the slow evaluation knows it."""

    def __init__(self, rng: random.Random, number: int) -> None:
        folder = rng.choice(["/sounds/Straße", "/sounds/[x]", "/other/it's"])
        self.path = f"{folder}/{number} {rng.choice(['Dör', 'door', '100%'])}.wav"
        self.duration_s = rng.choice([0.5, 1.5, 3.0])
        self.device = rng.choice([None, *TEXTS[:5]])
        self.recorded_at = rng.choice([None, *MOMENTS])
        values = [*TEXTS, *NUMBERS, True, False, None, [1], {"a": 1}]
        self.metadata = {key: rng.choice(values) for key in KEYS if rng.random() < 0.7}
        self.annotations = [
            {
                "label": rng.choice(TEXTS[:6]),
                "polarity": rng.choice(["positive", "positive", "negative", "unsure"]),
                "provenance": rng.choice(["person", "folder", "classifier:dogs"]),
                "interval": rng.choice(
                    [None, (0.0, 0.5), (0.25, 0.75), (0.75, 1.5), (1.25, 1.375)]
                ),
            }
            for _ in range(rng.choice([0, 0, 1, 3]))
        ]

    def labels(self, window):
        return [
            each["label"]
            for each in self.annotations
            if each["polarity"] == "positive" and not each["provenance"].startswith("classifier:")
            if window is None or each["interval"] is None or covers_half(*each["interval"], *window)
        ]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A library of random sounds, open to read: its space, its sounds and its windows by id."""
    rng = random.Random(1)
    sounds = {number: Sound(rng, number) for number in range(1, 41)}
    with catalog.open_catalog(tmp_path_factory.mktemp("filters") / "library.db") as library:
        with library.write() as connection:
            catalog.root_for(connection, "/sounds")
            space = catalog.create_space(
                connection,
                name="s",
                embedder="",
                fingerprint="",
                dim=1,
                sample_rate=1,
                window_s=1.0,
                hop_s=0.5,
            )
            windows = {}
            for number, sound in sounds.items():
                store(connection, number, sound)
                spans = [(0.0, 1.0), (0.5, 1.5), (1.25, 1.5)][: rng.choice([1, 2, 3])]
                rows = [(None, i, *span, b"\0\0") for i, span in enumerate(spans)]
                catalog.put_windows(connection, space, number, rows)
                windows |= {len(windows) + i: (number, span) for i, span in enumerate(spans, 1)}
            added = {
                each.id: each.added_at
                for each in catalog.get_recordings(connection, list(sounds)).values()
            }
        for number, sound in sounds.items():
            sound.added_at = added[number]
        with library.read() as connection:
            yield connection, space, sounds, windows


def store(connection, number, sound):
    new = catalog.NewRecording(
        sound.path, 1, 1, "h", sound.duration_s, 8000, 1, "wav", b"", problem=None
    )
    assert catalog.put_recording(connection, new, None) == number
    catalog.update_details(
        connection,
        number,
        metadata=sound.metadata,
        device=sound.device,
        recorded_at=sound.recorded_at,
    )
    for each in sound.annotations:
        start_s, end_s = each["interval"] or (None, None)
        connection.execute(
            insert(tables.annotations).values(
                recording_id=number,
                start_s=start_s,
                end_s=end_s,
                label=each["label"],
                polarity=each["polarity"],
                provenance=each["provenance"],
                created_at=datetime.now(UTC),
            )
        )


def holds(node, sound, window):
    """Evaluate a filter by the words of the language's description."""
    match node:
        case And(terms):
            return all(holds(term, sound, window) for term in terms)
        case Or(terms):
            return any(holds(term, sound, window) for term in terms)
        case Not(term):
            return not holds(term, sound, window)
        case Unlabelled():
            return not sound.labels(window)
        case In(field, values, negated):
            return negated != any(fits(sound, window, field, "=", value) for value in values)
        case Comparison(field, "!=", value):
            return not fits(sound, window, field, "=", value)
        case Comparison(field, op, value):
            return fits(sound, window, field, op, value)


def fits(sound, window, field, op, value):
    if field == "label":
        return any(compare(label, op, value) for label in sound.labels(window))
    if field in ("recorded_at", "added_at"):
        found = getattr(sound, field)
        if len(value) == 10:  # a date is its whole day
            day = found and found.astimezone(UTC).date()
            return day is not None and compare(day, op, date.fromisoformat(value))
        asked = datetime.fromisoformat(value)
        value = asked if asked.tzinfo else asked.replace(tzinfo=UTC)
    if field in ("path", "device", "duration_s", "recorded_at", "added_at"):
        found = getattr(sound, field)
        return found is not None and compare(found, op, value)
    found = sound.metadata.get(field)
    if isinstance(value, bool) or isinstance(found, bool):
        return isinstance(value, bool) and isinstance(found, bool) and compare(found, op, value)
    if isinstance(value, str):
        return isinstance(found, str) and compare(found, op, value)
    if isinstance(found, str) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", found, re.I):
        found = float(found)
    return isinstance(found, int | float) and compare(found, op, value)


def compare(found, op, value):
    if op == "~":
        pattern = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in value.lower())
        return re.fullmatch(pattern, found.lower(), re.DOTALL) is not None
    return {
        "=": found == value,
        "<": op == "<" and found < value,
        "<=": op == "<=" and found <= value,
        ">": op == ">" and found > value,
        ">=": op == ">=" and found >= value,
    }[op]


def comparisons(fields, values, ops):
    return st.builds(Comparison, st.sampled_from(fields), st.sampled_from(ops), values) | st.builds(
        In,
        st.sampled_from(fields),
        st.lists(values, min_size=1, max_size=4).map(tuple),
        st.booleans(),
    )


texts = st.sampled_from(TEXTS) | st.text(st.characters(codec="utf-8", exclude_characters="\0"))
numbers = st.sampled_from(NUMBERS)
paths = st.sampled_from(["/sounds/Straße/1 Dör.wav", "/sounds/[x]/2 door.wav"]) | texts
moments = st.sampled_from(
    [each.isoformat() for each in MOMENTS] + ["2024-05-31", "2024-06-01", "2024-06-01T00:00:00"]
)
globs = st.sampled_from(GLOBS) | texts
equal, ordered = ["=", "!="], ["=", "!=", "<", "<=", ">", ">="]
tests = st.one_of(
    st.just(Unlabelled()),
    comparisons(["label", "device"], texts, equal),
    comparisons(["path"], paths, equal),
    st.builds(Comparison, st.sampled_from(["label", "device", "path", *KEYS]), st.just("~"), globs),
    comparisons(["duration_s"], numbers | st.just(1.5), ordered),
    comparisons(["recorded_at", "added_at"], moments, ordered),
    comparisons(KEYS, texts | numbers, ordered),
    comparisons(KEYS, st.booleans(), equal),
    st.builds(
        In,
        st.sampled_from(KEYS),
        st.lists(texts | numbers | st.booleans(), min_size=1, max_size=5).map(tuple),
        st.booleans(),
    ),
)


def several(kind, terms):
    return st.builds(kind, st.lists(terms, min_size=2, max_size=4).map(tuple))


filters = st.recursive(
    tests,
    lambda terms: st.builds(Not, terms) | several(And, terms) | several(Or, terms),
    max_leaves=6,
)


def every_comparison():
    """List each comparison of a field with each value that it may be compared with."""
    for field in ("label", "device", "path", *KEYS):
        yield from (Comparison(field, "~", pattern) for pattern in GLOBS)
    for field in ("label", "device"):
        yield from (Comparison(field, op, value) for op in equal for value in TEXTS)
    for field in KEYS:
        for op in ordered:
            yield from (Comparison(field, op, value) for value in [*TEXTS, *NUMBERS])
        yield from (Comparison(field, op, value) for op in equal for value in (True, False))
    for op in ordered:
        yield from (Comparison("duration_s", op, value) for value in [*NUMBERS, 0.5, 3.0])
        for moment in (*(each.isoformat() for each in MOMENTS), "2024-06-01", "2024-05-31T23:59"):
            yield Comparison("recorded_at", op, moment)


def test_every_comparison_chooses_the_recordings_that_it_says(stored):
    connection, _, sounds, _ = stored
    n_chosen = 0
    for where in every_comparison():
        condition = catalog.condition(connection, where, windows=False)
        expected = [number for number, sound in sounds.items() if holds(where, sound, None)]
        assert catalog.recording_ids(connection, condition) == expected, where
        n_chosen += 0 < len(expected) < len(sounds)
    assert n_chosen > 500  # most of them do choose


@settings(max_examples=250)
@given(filters)
def test_a_filter_chooses_the_recordings_that_its_words_say(stored, where):
    connection, _, sounds, _ = stored
    condition = catalog.condition(connection, where, windows=False)
    expected = [number for number, sound in sounds.items() if holds(where, sound, None)]
    assert catalog.recording_ids(connection, condition) == expected


@settings(max_examples=150)
@given(filters)
def test_a_filter_chooses_the_windows_that_its_words_say(stored, where):
    connection, space, sounds, windows = stored
    condition = catalog.condition(connection, where, windows=True)
    expected = [
        window_id
        for window_id, (number, span) in windows.items()
        if holds(where, sounds[number], span)
    ]
    assert catalog.allowed_windows(connection, space, condition).tolist() == expected


@pytest.mark.parametrize("kind", ["or", "and"])
def test_a_filter_as_long_as_it_may_be_is_answered(stored, kind):
    """SQLite by itself refuses chains of more than 1,000 terms."""
    connection, _, sounds, _ = stored
    where = parse(f" {kind} ".join(["x=3"] * 1240))
    condition = catalog.condition(connection, where, windows=False)
    expected = [number for number, sound in sounds.items() if holds(where, sound, None)]
    assert expected
    assert catalog.recording_ids(connection, condition) == expected


def test_a_list_of_thousands_of_values_is_answered(stored):
    connection, _, sounds, _ = stored
    for field in ("label", "take"):
        where = In(field, ("door", *(f"value {i}" for i in range(3000))))
        condition = catalog.condition(connection, where, windows=False)
        expected = [number for number, sound in sounds.items() if holds(where, sound, None)]
        assert expected
        assert catalog.recording_ids(connection, condition) == expected


def test_bytes_that_are_no_text_are_asked_for_as_they_are_shown(stored):
    connection, *_ = stored
    for value in ("caf\udce9", "\ud800"):
        for field in ("path", "label", "take"):
            where = Comparison(field, "=", value)
            condition = catalog.condition(connection, where, windows=False)
            assert catalog.recording_ids(connection, condition) == []


def test_what_nothing_in_the_library_can_have_is_refused(stored):
    connection, *_ = stored
    with pytest.raises(FilterError, match="predicted cannot be asked for yet"):
        catalog.condition(connection, parse("predicted = 'dog'"), windows=False)
    with pytest.raises(FilterError, match=r"nothing .* has tags.*add --embedder cochlea"):
        catalog.condition(connection, parse("tag = 'dog'"), windows=False)


def test_a_field_that_nobody_has_is_refused_with_the_nearest_there_is(stored):
    connection, *_ = stored
    with pytest.raises(FilterError, match="take"):
        catalog.condition(connection, parse("tke = '1'"), windows=False)


def test_the_metadata_keys_of_a_library_are_listed_as_they_are(stored):
    connection, *_ = stored
    assert catalog.metadata_keys(connection) == set(KEYS)


def test_a_filter_looks_at_recordings_before_their_windows(library, put_space, put):
    """Counted in steps of SQLite's machine: few for each recording, none for most windows."""
    with library.write() as connection:
        space = put_space(connection)
        for number in range(30):
            put(connection, f"/{number}.wav", space, n_windows=100)
        catalog.update_details(connection, 1, metadata={"take": "2"})
    n_steps = 0

    def count():
        nonlocal n_steps
        n_steps += 1

    for text in (
        "label = 'door'",
        "path = '/x.wav'",
        "duration_s > 100",
        "take = '1' and label = 'x'",
    ):
        with library.read() as connection:
            condition = catalog.condition(connection, parse(text), windows=True)
            raw = connection.connection.driver_connection
            raw.set_progress_handler(count, 1)
            n_steps = 0
            assert catalog.allowed_windows(connection, space, condition).tolist() == []
            raw.set_progress_handler(None, 0)
        assert 30 < n_steps < 30 * 100, text


def test_a_field_stays_known_when_its_values_are_gone_from_one_recording(library, put):
    with library.write() as connection:
        put(connection, "/a.wav")
        put(connection, "/b.wav")
        catalog.update_details(connection, 1, metadata={"take": "1"})
    with library.read() as connection:
        for text, expected in (
            ("take != '1'", [2]),
            ("take not in ('1', '2')", [2]),
            ("take = '1'", [1]),
            ("not take = '1'", [2]),
            ("take < 2", [1]),
            ("not take < 2", [2]),
            ("device != 'x'", [1, 2]),
            ("recorded_at > '2000-01-01'", []),
            ("not recorded_at > '2000-01-01'", [1, 2]),
        ):
            condition = catalog.condition(connection, parse(text), windows=False)
            assert catalog.recording_ids(connection, condition) == expected, text


@pytest.mark.parametrize(
    ("text", "n_expected"),
    [
        ("added_at < '9999-12-31'", 40),
        ("added_at <= '9999-12-31'", 40),
        ("added_at > '0001-01-01'", 40),
        ("added_at in ('9999-12-31', '0001-01-01')", 0),
    ],
)
def test_the_first_and_the_last_day_there_are_can_be_named(stored, text, n_expected):
    connection, *_ = stored
    condition = catalog.condition(connection, parse(text), windows=False)
    assert len(catalog.recording_ids(connection, condition)) == n_expected


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+02:00", "9999-12-31T23:00:00-02:00"])
def test_a_time_beyond_the_years_there_are_is_refused(stored, text):
    connection, *_ = stored
    with pytest.raises(FilterError, match="before the first year, or after the last"):
        catalog.condition(connection, parse(f"added_at < '{text}'"), windows=False)
