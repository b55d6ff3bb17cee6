"""Hearing: the windows of a file, cut and embedded as they are decoded."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tonotopy.errors import DecodeError, EmbedderError
from tonotopy.hearing import Hearing, embed_interval, row_type
from tonotopy.windows import starts

RATE = 8000


class Ears:
    """An embedder whose vectors can be worked out by hand: (mean, last sample, length)."""

    name, fingerprint, licence, metric = "ears", "1", "", "euclidean"
    sample_rate, window_s, hop_s, dim = RATE, 0.5, 0.25, 3

    def __init__(self) -> None:
        self.batches: list[int] = []

    def embed(self, windows):
        self.batches.append(len(windows))
        last = windows[:, -1]
        return np.stack([windows.mean(1), last, np.full(len(last), windows.shape[1] / RATE)], 1)


@pytest.fixture
def noise(tmp_path):
    """Stereo noise of 3.3 s at the embedder's own rate, and its samples."""
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (round(3.3 * RATE), 2))
    path = tmp_path / "noise.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return path, samples.astype(np.float32)


def expected_vectors(samples, hop_s):
    """Cut and measure each window of a mono sound by itself."""
    window, hop = RATE // 2, round(hop_s * RATE)
    vectors = []
    for start in starts(len(samples), window=window, hop=hop):
        cut = samples[start : start + window]
        vectors.append([cut.sum() / window, cut[-1] if len(cut) == window else 0.0, 0.5])
    return np.array(vectors)


def rows_of(path, **options):
    return np.concatenate(list(Hearing(path, Ears(), **options).rows()))


@pytest.mark.parametrize("hop_s", [0.25, 0.5, 0.1])
def test_the_windows_of_a_file_are_those_of_its_samples(noise, hop_s):
    path, samples = noise
    rows = rows_of(path, hop_s=hop_s)
    expected = expected_vectors(samples.mean(1), hop_s)
    assert rows.dtype == row_type(3)
    assert rows["position"].tolist() == list(range(len(expected)))
    assert (rows["channel"] == -1).all()
    np.testing.assert_allclose(rows["vector"], expected, atol=1e-3)


def test_each_channel_has_windows_of_its_own(noise):
    path, samples = noise
    rows = rows_of(path, hop_s=0.25, channels="each")
    for channel in (0, 1):
        here = rows[rows["channel"] == channel]
        expected = expected_vectors(samples[:, channel], 0.25)
        assert here["position"].tolist() == list(range(len(expected)))
        np.testing.assert_allclose(here["vector"], expected, atol=1e-3)


def test_what_was_heard_is_told_beside_the_windows(noise):
    path, _ = noise
    hearing = Hearing(path, Ears(), hop_s=0.5)
    list(hearing.rows())
    info = hearing.listening.info
    assert info.duration_s == pytest.approx(3.3)
    assert (info.sample_rate, info.channels, info.problem) == (RATE, 2, None)


def test_an_interval_is_heard_from_its_own_beginning(noise):
    path, samples = noise
    vectors = embed_interval(path, Ears(), hop_s=0.25, start_s=1.0, end_s=2.0)
    mono = samples.mean(1)[RATE : 2 * RATE]
    np.testing.assert_allclose(vectors, expected_vectors(mono, 0.25), atol=1e-3)
    assert vectors.dtype == np.float32


def test_an_interval_without_sound_is_an_error(noise):
    path, _ = noise
    with pytest.raises(DecodeError, match="there is no sound after 4 s"):
        embed_interval(path, Ears(), hop_s=0.25, start_s=4.0)


def test_a_long_file_is_embedded_in_batches_that_do_not_grow(tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(120 * RATE), RATE)
    ears = Ears()
    assert sum(len(rows) for rows in Hearing(path, ears, hop_s=0.25).rows()) == sum(ears.batches)
    assert sum(ears.batches) == 479
    assert max(ears.batches) == 64
    assert len(ears.batches) == 8


def test_a_vector_that_is_not_finite_is_refused_with_its_place(noise):
    class Deaf(Ears):
        def embed(self, windows):
            vectors = super().embed(windows)
            vectors[windows[:, 0] == 0.25] = 1e6  # beyond float16
            return vectors

    path, samples = noise
    loud = samples.copy()
    loud[RATE * 2] = 0.25
    soundfile.write(path, loud, RATE, subtype="FLOAT")
    with pytest.raises(EmbedderError, match=r"ears gave a vector that is not finite at 2\.00 s"):
        list(Hearing(path, Deaf(), hop_s=0.25).rows())


def test_a_file_is_opened_only_when_its_rows_are_asked_for():
    hearing = Hearing(Path("/nowhere.wav"), Ears(), hop_s=0.25)
    with pytest.raises(DecodeError, match="there is no such file"):
        next(hearing.rows())
