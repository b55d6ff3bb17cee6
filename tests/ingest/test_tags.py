"""Adding with an embedder that names what it hears: what is stored is what it said."""

import numpy as np
import pytest
import soundfile

from tonotopy import catalog
from tonotopy.catalog.packing import unpack_scores
from tonotopy.embedders.cochlea import Cochlea
from tonotopy.exchange import import_vectors
from tonotopy.maintain import describe, remove
from tonotopy.windows import starts

RATE = 16_000
WINDOW, HOP = 15_600, 7_680


@pytest.fixture
def listen(add):
    """Add with an embedder that names what it hears."""

    def listen(*paths, **options):
        return add(*paths, embedder="cochlea", **options)

    return listen


@pytest.fixture
def two_channels(folder):
    """Three seconds of a swelling tone beside noise that stops, quiet at the end."""
    rng = np.random.default_rng(3)
    time = np.arange(3 * RATE) / RATE
    tone = 0.5 * np.sin(2 * np.pi * 440 * time) * np.sin(np.pi * time / 3)
    noise = np.where(time < 1.2, 0.2 * rng.standard_normal(len(time)), 0)
    path = folder / "both.wav"
    soundfile.write(path, np.stack([tone, noise], 1), RATE, subtype="FLOAT")
    return path, np.stack([tone, noise]).astype(np.float32)


def cut(samples):
    """Cut a channel into windows with zeros behind the last; how much of each is sound."""
    first = starts(len(samples), window=WINDOW, hop=HOP)
    padded = np.concatenate([samples, np.zeros(WINDOW, np.float32)])
    return (
        np.stack([padded[start : start + WINDOW] for start in first]),
        np.minimum(len(samples) - first, WINDOW),
    )


def stored(library):
    """Read all that is stored of the windows, in order."""
    with library.read() as connection:
        space = catalog.find_space(connection)
        rows = connection.exec_driver_sql(
            "SELECT recording_id, channel, level_db, scores FROM windows "
            "LEFT JOIN window_tags ON window_id = id WHERE space_id = ? "
            "ORDER BY recording_id, channel, position",
            (space.id,),
        ).fetchall()
        return space, rows


@pytest.mark.parametrize("channels", ["mix", "each"])
def test_what_is_stored_is_what_the_embedder_says_of_each_window(
    library, listen, two_channels, channels
):
    path, samples = two_channels
    listen(path, channels=channels)
    heard = samples if channels == "each" else samples.mean(0, keepdims=True)
    pieces = [cut(each) for each in heard]
    windows, own = (np.concatenate(each) for each in zip(*pieces, strict=True))
    _, scores = Cochlea().hear(windows)
    space, rows = stored(library)
    assert len(rows) == len(windows)
    expected_db = 10 * np.log10(
        np.maximum(np.square(windows, dtype=np.float64).sum(axis=1) / own, 1e-12)
    )
    np.testing.assert_allclose([row[2] for row in rows], expected_db, atol=0.01)
    for row, said in zip(rows, scores, strict=True):
        _, classes, kept = unpack_scores([row[3] or b""])
        best = np.sort(said)[::-1][:16]
        assert len(kept) == (best >= catalog.WINDOW_FLOOR).sum()
        np.testing.assert_allclose(kept, said[classes], rtol=0.03)
        np.testing.assert_allclose(kept, best[: len(kept)], rtol=0.03)
    with library.read() as connection:
        (of_recording,) = catalog.scores_of_recordings(connection, space, [1]).values()
    highest = scores.max(axis=0)
    assert {index for index, _ in of_recording} == set(
        np.flatnonzero(highest >= catalog.RECORDING_FLOOR)
    )
    for index, score in of_recording:
        assert score == pytest.approx(highest[index], rel=0.03)


def test_a_space_knows_its_classes_and_from_which_score_on_they_are_shown(library, listen, sound):
    listen(sound(library.path.parent / "sounds" / "a.wav"))
    with library.read() as connection:
        tagger = catalog.find_tagger(connection, catalog.find_space(connection))
    assert tagger.classes == "audioset"
    np.testing.assert_array_equal(tagger.thresholds, Cochlea().tag_thresholds())


def test_a_better_calibration_reaches_a_library_with_the_next_run(
    library, listen, sound, folder, monkeypatch
):
    listen(sound(folder / "a.wav"))
    better = np.full(521, 0.25, np.float32)
    monkeypatch.setattr(Cochlea, "tag_thresholds", lambda _: better)
    assert listen(folder).unchanged == 1
    with library.read() as connection:
        tagger = catalog.find_tagger(connection, catalog.find_space(connection))
    np.testing.assert_array_equal(tagger.thresholds, better)


def test_an_embedder_that_names_nothing_leaves_levels_and_no_tags(library, add, two_channels):
    add(two_channels[0])
    space, rows = stored(library)
    assert all(row[2] is not None and row[3] is None for row in rows)
    with library.read() as connection:
        assert catalog.find_tagger(connection, space) is None
    assert describe(library).tags == []


def test_what_was_heard_before_there_were_tags_is_heard_again(
    library, listen, sound, folder, heard
):
    for number in range(3):
        sound(folder / f"{number}.wav", number)
    listen(folder)
    with library.write() as connection:
        connection.exec_driver_sql("DELETE FROM recording_tags WHERE recording_id < 3")
        connection.exec_driver_sql("DELETE FROM window_tags")
    report = listen(folder)
    assert (len(heard), report.unchanged) == (2, 1)
    with library.read() as connection:
        space = catalog.find_space(connection)
        assert catalog.untagged_recordings(connection, space) == set()
        assert catalog.recording_scores(connection, space, [0]).ids.tolist() == [1, 2, 3]
    assert listen(folder).unchanged == 3


def test_digital_silence_has_the_lowest_level(library, listen, folder):
    soundfile.write(folder / "silent.wav", np.zeros(RATE), RATE)
    listen(folder)
    assert {row[2] for row in stored(library)[1]} == {-120.0}


def test_a_short_sound_is_as_loud_as_it_is_without_the_zeros_behind_it(library, listen, folder):
    soundfile.write(folder / "short.wav", np.full(960, 0.5), RATE, subtype="FLOAT")
    listen(folder)
    ((_, _, level_db, _),) = stored(library)[1]
    assert level_db == pytest.approx(-6.02, abs=0.01)


def test_tags_land_with_their_recording_or_not_at_all(library, listen, sound, folder, monkeypatch):
    sound(folder / "a.wav")

    def fail(*_):
        raise RuntimeError("killed here")

    with monkeypatch.context() as patched:
        patched.setattr(catalog, "put_recording_scores", fail)
        with pytest.raises(RuntimeError, match="killed here"):
            listen(folder)
    with library.read() as connection:
        for table in ("recordings", "windows", "window_tags", "recording_tags"):
            assert not connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
    assert listen(folder).added == 1


def test_removed_recordings_take_their_tags_along(library, listen, sound, folder):
    for number in range(2):
        sound(folder / f"{number}.wav", number)
    listen(folder)
    remove(library, [folder / "0.wav"])
    with library.read() as connection:
        space = catalog.find_space(connection)
        assert catalog.recording_scores(connection, space, [0]).ids.tolist() == [2]
        assert set(catalog.window_scores(connection, space, [0]).recording_ids) <= {2}


def test_imported_vectors_have_neither_tags_nor_levels(library, add, sound, folder, tmp_path):
    path = sound(folder / "a.wav")
    add(folder)
    np.savez(tmp_path / "mine.npz", X=np.ones((1, 4), np.float32), path=[str(path)])
    import_vectors(library, tmp_path / "mine.npz")
    with library.read() as connection:
        space = catalog.find_space(connection, "mine")
        assert np.isnan(catalog.window_levels(connection, space)[1]).tolist() == [True]
        assert catalog.find_tagger(connection, space) is None
        assert catalog.tags_of_recordings(connection, space, [1]) == {}


@pytest.mark.parametrize("score", [np.nan, 1.5, -0.1])
def test_a_score_that_is_none_is_the_failure_of_its_file(
    library, listen, sound, folder, failures, monkeypatch, score
):
    real = Cochlea.hear

    def odd(self, windows):
        vectors, scores = real(self, windows)
        scores[0, 7] = score
        return vectors, scores

    monkeypatch.setattr(Cochlea, "hear", odd)
    sound(folder / "a.wav")
    listen(folder)
    (reason,) = failures().values()
    assert "cochlea gave a score that is NaN or outside 0 to 1" in reason
