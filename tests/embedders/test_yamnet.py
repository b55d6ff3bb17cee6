"""YAMNet: its answers are LiteRT's own, and a missing or wrong file is explained."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tonotopy import catalog, errors
from tonotopy.embedders import load, with_weights
from tonotopy.embedders import yamnet as yamnet_module
from tonotopy.embedders.tagger import Tagger
from tonotopy.embedders.yamnet import Yamnet
from tonotopy.errors import EmbedderError, MissingExtra, QueryError
from tonotopy.ingest import add
from tonotopy.retrieve import search


@pytest.fixture(scope="module")
def interpreter_module():
    return pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT is not installed")


@pytest.fixture(scope="module")
def weights(yamnet_weights) -> Path:
    return yamnet_weights


@pytest.fixture(scope="module")
def yamnet(weights, interpreter_module) -> Yamnet:
    return Yamnet(weights)


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    rng = np.random.default_rng(8)
    time = np.arange(15_600) / 16_000
    return np.stack(
        [
            np.zeros(15_600),
            0.3 * np.sin(2 * np.pi * 440 * time),
            0.1 * rng.standard_normal(15_600),
            np.where(time < 0.05, rng.uniform(-1, 1, 15_600), 0),
        ]
    ).astype(np.float32)


def test_scores_are_those_of_litert_itself(yamnet, weights, interpreter_module, windows):
    plain = interpreter_module.Interpreter(model_path=str(weights))
    plain.allocate_tensors()
    for window, scores in zip(windows, yamnet.tag(windows), strict=True):
        plain.set_tensor(plain.get_input_details()[0]["index"], window[np.newaxis])
        plain.invoke()
        expected = plain.get_tensor(plain.get_output_details()[0]["index"])[0]
        np.testing.assert_allclose(scores, expected, atol=1e-3)


def test_it_is_a_tagger_of_521_classes_and_1024_numbers(yamnet, windows):
    assert isinstance(yamnet, Tagger)
    assert yamnet.tag(windows).shape == (4, 521)
    assert yamnet.embed(windows).shape == (4, 1024)
    np.testing.assert_allclose(np.linalg.norm(yamnet.embed(windows), axis=1), 1, atol=1e-5)


def test_it_hears_silence_as_silence(yamnet, windows):
    silence = 494  # the class of that name in YAMNet's list
    assert yamnet.tag(windows)[0].argmax() == silence


def test_no_windows_give_no_vectors(yamnet):
    assert yamnet.embed(np.zeros((0, 15_600), np.float32)).shape == (0, 1024)
    assert yamnet.tag(np.zeros((0, 15_600), np.float32)).shape == (0, 521)


def test_a_window_that_is_not_finite_is_refused_with_its_row(yamnet, windows):
    broken = windows.copy()
    broken[2, 7] = np.nan
    for answer in (yamnet.embed, yamnet.tag):
        with pytest.raises(ValueError, match="window 2 holds NaN or infinity"):
            answer(broken)


def test_missing_weights_are_asked_for_where_they_were_looked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("TONOTOPY_YAMNET", str(tmp_path / "nowhere.tflite"))
    with pytest.raises(EmbedderError, match=r"nowhere\.tflite.*--download yamnet.*TONOTOPY_YAMNET"):
        Yamnet()


def test_the_weights_are_taken_from_the_environment(monkeypatch, weights, yamnet):
    monkeypatch.setenv("TONOTOPY_YAMNET", str(weights))
    assert Yamnet().fingerprint == yamnet.fingerprint


def test_weights_may_stand_behind_the_name(weights, yamnet):
    assert load(with_weights("yamnet", weights)).fingerprint == yamnet.fingerprint


class PublishedOtherwise:
    """A file of the same network whose tensors have other names and shapes."""

    def __init__(self, *, name="model/global_average_pooling2d/Mean", n_samples=15_600):
        self.tensors = [
            {"index": 3, "name": "audio", "shape": np.array([n_samples])},
            {"index": 5, "name": name, "shape": np.array([1, 1, 1, 1024])},
            {"index": 8, "name": "scores", "shape": np.array([1, 521])},
        ]

    def get_input_details(self):
        return self.tensors[:1]

    def get_output_details(self):
        return self.tensors[2:]

    def get_tensor_details(self):
        return self.tensors

    def set_tensor(self, index, values):
        assert (index, values.shape) == (3, (15_600,))

    def invoke(self):
        """Hear nothing."""

    def get_tensor(self, index):
        return np.ones({5: (1, 1, 1, 1024), 8: (1, 521)}[index], np.float32)


def test_another_file_of_the_same_network_will_do(monkeypatch, tmp_path, windows):
    path = tmp_path / "other.tflite"
    path.write_bytes(b"other")
    monkeypatch.setattr(yamnet_module, "_interpreter", lambda *_: PublishedOtherwise())
    vectors, scores = Yamnet(path).hear(windows)
    assert (vectors.shape, scores.shape) == ((4, 1024), (4, 521))


@pytest.mark.parametrize(
    ("odd", "complaint"),
    [
        ({"name": "pooled"}, "no tensor of 1024 values named global_average_pooling2d/Mean"),
        ({"n_samples": 16_000}, r"shape \(16000,\) where 15600 values are needed"),
    ],
)
def test_another_network_is_refused(monkeypatch, tmp_path, odd, complaint):
    path = tmp_path / "other.tflite"
    path.write_bytes(b"other")
    monkeypatch.setattr(yamnet_module, "_interpreter", lambda *_: PublishedOtherwise(**odd))
    with pytest.raises(EmbedderError, match=complaint):
        Yamnet(path)


def test_a_space_remembers_its_weights_by_fingerprint(weights, tmp_path, monkeypatch):
    monkeypatch.setenv("TONOTOPY_YAMNET", str(tmp_path / "nowhere.tflite"))
    samples = 0.2 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    (tmp_path / "sounds").mkdir()
    for name in ("sounds/a.wav", "query.wav"):
        soundfile.write(tmp_path / name, samples, 16_000)
    with catalog.open_catalog(tmp_path / "yamnet.db") as library:
        report = add(library, tmp_path / "sounds", embedder="yamnet", weights=weights, jobs=1)
        assert (report.space, report.added) == ("yamnet", 1)
        (hit,) = search(library, tmp_path / "query.wav", weights=weights).hits
        assert hit.score == pytest.approx(1, abs=1e-3)
        with pytest.raises(EmbedderError, match="--weights PATH"):
            search(library, tmp_path / "query.wav")
        other = tmp_path / "other.tflite"
        other.write_bytes(weights.read_bytes() + b"\0")
        with pytest.raises(QueryError, match="not those that the space 'yamnet' was made with"):
            search(library, tmp_path / "query.wav", weights=other)


def test_a_file_that_is_no_model_is_refused(interpreter_module, tmp_path):
    path = tmp_path / "text.tflite"
    path.write_text("not a model")
    with pytest.raises(EmbedderError, match="is not a LiteRT model"):
        Yamnet(path)


def test_without_litert_the_extra_is_named(monkeypatch, tmp_path):
    def absent(module):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module.partition(".")[0])

    monkeypatch.setattr(errors, "import_module", absent)
    path = tmp_path / "any.tflite"
    path.write_bytes(b"anything")
    with pytest.raises(MissingExtra, match=r"tonotopy\[yamnet\]"):
        Yamnet(path)
