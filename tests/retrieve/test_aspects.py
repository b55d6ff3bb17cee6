"""Searching by aspects: what counts, on which scale, and what is compared."""

import os

import numpy as np
import pytest
import soundfile

from tonotopy import catalog
from tonotopy.errors import QueryError
from tonotopy.features.aspects import Aspects
from tonotopy.ingest import add
from tonotopy.retrieve import StoredRecording, StoredWindow, Words, parse_aspects, search

NORTH, EAST = np.array([0.0, 1.0]), np.array([1.0, 0.0])
TONE = Aspects(-20.0, 220.0, 1.0, 400.0, 0.0, 0.0, 0.01, 1.0)
RATE = 16_000


def names(results):
    return [os.path.basename(hit.path) for hit in results.hits]


def angle(degrees):
    return np.array([[np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))]])


@pytest.fixture
def measured(make_library):
    """Four recordings; `near` is like the query in timbre, `octave` and `unison` in pitch."""
    library = make_library(
        {"query": angle(0), "near": angle(10), "octave": angle(60), "unison": angle(80)}
    )
    with library.write() as connection:
        catalog.put_aspects(connection, 1, TONE)
        catalog.put_aspects(connection, 2, TONE._replace(pitch_hz=1760.0, loudness_db=-26.0))
        catalog.put_aspects(connection, 3, TONE._replace(pitch_hz=440.0))
        catalog.put_aspects(connection, 4, TONE._replace(loudness_db=-32.0))
    return library


def test_the_score_is_the_weighted_mean_of_likenesses(measured):
    """An octave is three times 4 semitones, three octaves nine times: 1/8 and 1/512."""
    results = search(measured, StoredRecording(1), aspects={"timbre": 1, "pitch": 3})
    timbre, pitch = np.cos(np.deg2rad([80, 10, 60])), [1, 1 / 512, 1 / 8]
    expected = [(t + 3 * p) / 4 for t, p in zip(timbre, pitch, strict=True)]
    assert names(results) == ["unison", "near", "octave"]
    assert [hit.score for hit in results.hits] == pytest.approx(expected, abs=1e-3)
    assert results.hits[2].aspects == pytest.approx({"timbre": 0.5, "pitch": 1 / 8}, abs=1e-3)
    assert results.score_name == "likeness from 0 to 1 (weights: timbre 1, pitch 3)"


def test_one_aspect_alone_decides_and_timbre_is_not_looked_at(measured, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("vectors were read though timbre weighs 0")

    monkeypatch.setattr("tonotopy.retrieve.mixing.plan_search", refuse)
    by_loudness = search(measured, StoredRecording(1), aspects={"loudness": 2, "timbre": 0})
    assert names(by_loudness) == ["octave", "near", "unison"]
    assert [hit.score for hit in by_loudness.hits] == pytest.approx([1, 0.5, 0.25])
    first = by_loudness.hits[0]
    assert (first.window_id, first.start_s, first.end_s) == (3, 0, 1)
    assert first.aspects == {"loudness": 1.0}


def test_without_aspects_nothing_is_different(measured):
    results = search(measured, StoredRecording(1))
    assert names(results) == ["near", "octave", "unison"]
    assert results.score_name == "cosine similarity"
    assert all(hit.aspects is None for hit in results.hits)


def test_what_one_should_not_be_like_takes_half_off(measured):
    results = search(
        measured, StoredRecording(1), unlike=[StoredRecording(4)], aspects={"loudness": 1}
    )
    assert names(results) == ["octave", "near"]
    assert [hit.score for hit in results.hits] == pytest.approx([1 - 0.25 / 2, 0.5 - 0.5 / 2])
    assert results.hits[1].aspects == {"loudness": 0.5}


def test_filters_and_choices_hold(measured):
    asked = {"aspects": {"pitch": 1}}
    kept = search(measured, StoredRecording(1), where="path ~ '*n*r*'", **asked)
    assert names(kept) == ["near"]
    kept = search(measured, StoredWindow(1), within=[StoredRecording(2), StoredWindow(3)], **asked)
    assert names(kept) == ["octave", "near"]


def test_recordings_are_filtered_by_what_was_measured(measured):
    def found(where):
        return set(names(search(measured, StoredRecording(1), where=where)))

    assert found("pitch_hz > 300") == {"near", "octave"}
    assert found("loudness_db <= -26 and onsets_per_s = 0") == {"near", "unison"}
    assert found("attack_s < 0.02 and decay_s >= 1 and brightness_hz in (400)") == {
        *("near", "octave", "unison")
    }
    with measured.write() as connection:
        catalog.put_aspects(connection, 2, TONE._replace(pitch_hz=None))
    assert found("pitch_hz > 0") == {"octave", "unison"}
    assert found("not pitch_hz > 0") == {"near"}


def test_what_was_not_measured_counts_as_unlike_and_is_said(make_library):
    library = make_library({"query": angle(0), "known": angle(5), "unknown": angle(5)})
    with pytest.raises(QueryError, match=r"no recording here has been measured.*tonotopy add"):
        search(library, StoredRecording(1), aspects={"pitch": 1})
    timbre_only = search(library, StoredRecording(1), aspects={"timbre": 1})
    assert names(timbre_only) == ["known", "unknown"]
    with library.write() as connection:
        for each in (1, 2):
            catalog.put_aspects(connection, each, TONE)
    results = search(library, StoredRecording(1), aspects={"pitch": 1})
    assert [hit.score for hit in results.hits] == [1.0, 0.0]
    assert "1 of 3 recordings have not been measured" in results.notes[0]


@pytest.mark.parametrize("index", ["flat", "hnsw", "ivf-rabitq"])
@pytest.mark.parametrize("weights", [{"timbre": 1, "pitch": 1}, {"timbre": 0.2, "loudness": 1}])
def test_an_index_finds_what_comparing_everything_finds(make_library, index, weights):
    """The best hits by both are far from the best by timbre: proposing by it would miss them."""
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((900, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    library = make_library({f"{n:03}": vector[np.newaxis] for n, vector in enumerate(vectors)})
    pitches, levels = 110 * 2 ** rng.uniform(0, 4, 900), rng.uniform(-60, 0, 900)
    with library.write() as connection:
        for n in range(900):
            changed = TONE._replace(pitch_hz=pitches[n], loudness_db=levels[n])
            catalog.put_aspects(connection, n + 1, changed)
    likeness = {
        "timbre": np.clip(vectors @ vectors[0], 0, 1),
        "pitch": 2 ** (-np.abs(np.log2(pitches / pitches[0])) * 3),
        "loudness": 2 ** (-np.abs(levels - levels[0]) / 6),
    }
    expected = sum(weight * likeness[name] for name, weight in weights.items())
    expected = expected / sum(weights.values())
    best = [n for n in np.argsort(-expected) if n][:10]
    results = search(library, StoredRecording(1), k=10, aspects=weights, index=index)
    assert [hit.score for hit in results.hits] == pytest.approx(expected[best], abs=2e-3)
    assert {hit.recording_id for hit in results.hits} == {n + 1 for n in best}


def tone(path, hz, gain=0.5):
    seconds = np.arange(RATE) / RATE
    soundfile.write(path, gain * np.sin(2 * np.pi * hz * seconds), RATE, subtype="FLOAT")
    return path


@pytest.fixture
def tones_heard(tmp_path):
    folder = tmp_path / "tones"
    folder.mkdir()
    for hz in (110, 220, 233, 440):
        for gain in (0.5, 0.05):
            tone(folder / f"{hz}-{gain}.wav", hz, gain)
    library = catalog.open_catalog(tmp_path / "tones.db")
    add(library, folder, embedder="mfcc", jobs=1)
    yield library, folder
    library.close()


def test_a_file_that_is_not_in_the_library_is_measured(tones_heard, tmp_path):
    library, _ = tones_heard
    query = tone(tmp_path / "query.wav", 226, 0.05)
    by_pitch = search(library, query, k=4, aspects={"pitch": 1})
    assert {name.split("-")[0] for name in names(by_pitch)} == {"220", "233"}
    both = search(library, query, k=1, aspects={"pitch": 1, "loudness": 1})
    assert names(both)[0] in ("220-0.05.wav", "233-0.05.wav")
    assert both.hits[0].aspects["loudness"] > 0.9


def test_a_part_of_a_recording_is_measured_by_itself(tones_heard, tmp_path):
    """The first half is an octave below the second."""
    library, _ = tones_heard
    low, high = (soundfile.read(tone(tmp_path / f"{hz}.wav", hz))[0] for hz in (110, 440))
    query = tmp_path / "both.wav"
    soundfile.write(query, np.concatenate([low, high]), RATE, subtype="FLOAT")
    found = search(library, query, k=2, start_s=0, end_s=1, aspects={"pitch": 1})
    assert {name.split("-")[0] for name in names(found)} == {"110"}
    add(library, query, embedder="mfcc", jobs=1)
    with library.read() as connection:
        known = catalog.find_by_path(connection, str(query))
        windows = catalog.window_ranges(connection, catalog.find_space(connection), [known.id])
    last = StoredWindow(windows[known.id][0] + windows[known.id][1] - 1)
    for later in (last, StoredRecording(known.id, 1.1, 1.9)):
        found = search(library, later, k=2, aspects={"pitch": 1})
        assert {name.split("-")[0] for name in names(found)} == {"440"}
    os.remove(query)  # then a part is taken to be like the whole
    assert len(search(library, last, k=2, aspects={"pitch": 1}).hits) == 2


@pytest.mark.parametrize(
    ("query", "options", "complaint"),
    [
        (StoredRecording(1), {"aspects": {"smell": 1}}, "no aspect 'smell'; choose from timbre"),
        (StoredRecording(1), {"aspects": {"pitch": -1}}, "weight of pitch is -1"),
        (StoredRecording(1), {"aspects": {"pitch": np.nan}}, "weight of pitch is nan"),
        (StoredRecording(1), {"aspects": {"pitch": 0}}, "every aspect weighs 0"),
        (StoredRecording(1), {"aspects": {"pitch": 1}, "by": "window"}, "not of stretches"),
        (StoredRecording(1), {"aspects": {"pitch": 1}, "rerank": False}, "--no-rerank"),
        (Words("kick"), {"aspects": {"pitch": 1}}, "words cannot be mixed"),
        (None, {"aspects": {"pitch": 1}, "where": "duration_s > 0"}, "nothing to search with"),
    ],
)
def test_what_makes_no_sense_is_refused(measured, query, options, complaint):
    with pytest.raises(QueryError, match=complaint):
        search(measured, query, **options)


def test_dot_products_have_no_scale_to_mix_with(make_library):
    library = make_library({"a": angle(0), "b": angle(5)}, metric="dot")
    with library.write() as connection:
        catalog.put_aspects(connection, 1, TONE)
        catalog.put_aspects(connection, 2, TONE)
    with pytest.raises(QueryError, match="leave timbre out"):
        search(library, StoredRecording(1), aspects={"timbre": 1, "pitch": 1})
    assert names(search(library, StoredRecording(1), aspects={"pitch": 1})) == ["b"]


@pytest.mark.parametrize("text", ["pitch", "pitch=", "pitch=high", "pitch=1,,rhythm=1", ""])
def test_weights_that_cannot_be_read_say_how_to_write_them(text):
    with pytest.raises(QueryError, match=r"write timbre=1,pitch=0\.5"):
        parse_aspects(text)
