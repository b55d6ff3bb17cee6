"""The contract of the seam, for every built-in embedder and a model from an ONNX file."""

import numpy as np
import pytest

from tonotopy.embedders import BUILTIN, MODEL_FILES, Embedder, load


@pytest.fixture(scope="module", params=[*sorted(BUILTIN), "onnx"])
def source(request, make_onnx) -> str:
    if request.param in MODEL_FILES:
        return f"{request.param}:{request.getfixturevalue(f'{request.param}_weights')}"
    return f"onnx:{make_onnx()}" if request.param == "onnx" else request.param


@pytest.fixture(scope="module")
def embedder(source) -> Embedder:
    return load(source)


@pytest.fixture(scope="module")
def n_samples(embedder) -> int:
    return round(embedder.window_s * embedder.sample_rate)


@pytest.fixture(scope="module")
def mixed(n_samples) -> np.ndarray:
    """Nineteen ordinary windows: noises, tones, bursts and short sounds, loud and quiet."""
    rng = np.random.default_rng(4)
    phase = np.arange(n_samples) / n_samples
    windows = []
    for take in range(19):
        sound = rng.standard_normal(n_samples) if take % 2 else np.sin(900 * phase * (take + phase))
        sound = sound * np.exp(-phase * rng.uniform(0, 9)) * 10 ** rng.uniform(-3, 0)
        sound[round(n_samples * rng.uniform(0.2, 1.5)) :] = 0
        windows.append(sound)
    return np.clip(windows, -1, 1).astype(np.float32)


def odd_windows(n_samples: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    hiss = rng.uniform(-1, 1, n_samples)
    position = np.arange(n_samples)
    return {
        "silence": np.zeros(n_samples),
        "offset": np.full(n_samples, 0.5),
        "full-scale square": np.where(position // 40 % 2, 1.0, -1.0),
        "one sample at the start": np.where(position == 0, 1.0, 0.0),
        "one sample at the end": np.where(position == n_samples - 1, -1.0, 0.0),
        "hiss": hiss,
        "clipped": np.clip(9 * hiss, -1, 1),
        "tiny": 1e-6 * hiss,
        "smallest float": np.full(n_samples, np.finfo(np.float32).smallest_subnormal),
    }


def test_it_says_what_it_is(embedder):
    assert isinstance(embedder, Embedder)
    assert embedder.name
    assert embedder.licence
    assert len(embedder.fingerprint) >= 8
    assert int(embedder.fingerprint, 16) >= 0
    assert embedder.sample_rate > 0
    assert embedder.dim > 0
    assert 0 < embedder.hop_s <= embedder.window_s
    assert embedder.metric in ("cosine", "dot", "euclidean")


def test_a_window_is_a_whole_number_of_samples(embedder):
    assert embedder.window_s * embedder.sample_rate == pytest.approx(
        round(embedder.window_s * embedder.sample_rate)
    )


@pytest.mark.parametrize("n", [0, 1, 2, 17])
def test_it_gives_one_vector_a_window(embedder, mixed, n):
    vectors = embedder.embed(mixed[:n])
    assert vectors.shape == (n, embedder.dim)
    assert vectors.dtype == np.float32


def test_vectors_are_finite_and_of_unit_norm_for_cosine(embedder, mixed):
    vectors = embedder.embed(mixed)
    assert np.isfinite(vectors).all()
    if embedder.metric == "cosine":
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", odd_windows(1))
def test_odd_sounds_have_finite_unit_vectors(embedder, n_samples, name):
    window = odd_windows(n_samples)[name].astype(np.float32)[np.newaxis]
    vector = embedder.embed(window)
    assert np.isfinite(vector).all()
    if embedder.metric == "cosine":
        np.testing.assert_allclose(np.linalg.norm(vector, axis=1), 1, atol=1e-5)


def test_a_row_depends_on_its_own_window_only(embedder, mixed, n_samples):
    windows = np.concatenate([mixed, np.stack(list(odd_windows(n_samples).values()))])
    windows = windows.astype(np.float32)
    together = embedder.embed(windows)
    alone = np.concatenate([embedder.embed(window[np.newaxis]) for window in windows])
    backwards = embedder.embed(windows[::-1])[::-1]
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(together, backwards, rtol=1e-5, atol=1e-6)


def test_the_same_sound_gives_the_same_vector(embedder, source, mixed):
    again = load(source)
    assert again.fingerprint == embedder.fingerprint
    np.testing.assert_array_equal(again.embed(mixed), embedder.embed(mixed.copy()))


def test_different_sounds_give_different_vectors(embedder, mixed):
    vectors = embedder.embed(mixed)
    apart = np.linalg.norm(vectors[:, np.newaxis] - vectors, axis=-1)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > 1e-3


def test_the_windows_are_left_as_they_were(embedder, mixed):
    windows = mixed.copy()
    windows.flags.writeable = False
    embedder.embed(windows)
    np.testing.assert_array_equal(windows, mixed)


def test_windows_may_lie_anyhow_in_memory(embedder, mixed):
    scattered = np.asfortranarray(mixed)
    np.testing.assert_array_equal(embedder.embed(scattered), embedder.embed(mixed))


def test_a_wrong_shape_is_refused(embedder, n_samples):
    for shape in ((n_samples,), (2, n_samples - 1), (1, 2, n_samples), (0, 0)):
        with pytest.raises(ValueError, match=rf"\(n, {n_samples}\) needed"):
            embedder.embed(np.zeros(shape, np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_with_its_row(embedder, mixed, bad):
    windows = mixed.copy()
    windows[3, 5] = bad
    with pytest.raises(ValueError, match="window 3 holds NaN or infinity"):
        embedder.embed(windows)
