"""Models from ONNX files: what the card must say, and what is refused."""

import json

import numpy as np
import pytest

from tonotopy.embedders import load
from tonotopy.embedders.onnx_file import OnnxFile
from tonotopy.errors import EmbedderError


def test_the_vectors_are_those_of_the_model_of_unit_norm(make_onnx):
    embedder = OnnxFile(make_onnx())
    windows = np.random.default_rng(0).uniform(-1, 1, (20, 400)).astype(np.float32)
    weights = np.random.default_rng(3).standard_normal((400, 6)).astype(np.float32)
    expected = np.abs(windows @ weights)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(embedder.embed(windows), expected, atol=1e-5)


def test_another_metric_leaves_the_vectors_as_they_are(make_onnx):
    embedder = OnnxFile(make_onnx(metric="euclidean"))
    windows = np.full((2, 400), 0.1, np.float32)
    weights = np.random.default_rng(3).standard_normal((400, 6)).astype(np.float32)
    np.testing.assert_allclose(embedder.embed(windows), np.abs(windows @ weights), rtol=1e-4)


def test_a_model_that_takes_one_window_at_a_time_is_given_one(make_onnx):
    windows = np.random.default_rng(0).uniform(-1, 1, (5, 400)).astype(np.float32)
    one_by_one = OnnxFile(make_onnx(batch=1)).embed(windows)
    np.testing.assert_allclose(one_by_one, OnnxFile(make_onnx()).embed(windows), atol=1e-6)


def test_it_is_loaded_again_by_the_name_it_gives_itself(make_onnx):
    embedder = load(f"onnx:{make_onnx()}")
    assert embedder.name.startswith("onnx:/")
    assert load(embedder.name).fingerprint == embedder.fingerprint


def test_the_fingerprint_changes_with_the_model_and_with_the_card(make_onnx):
    plain, other_model = OnnxFile(make_onnx()), OnnxFile(make_onnx(operator="Tanh"))
    other_card = OnnxFile(make_onnx(licence="MIT"))
    assert len({plain.fingerprint, other_model.fingerprint, other_card.fingerprint}) == 3
    assert OnnxFile(make_onnx()).fingerprint == plain.fingerprint


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"name": ...}, "has no 'name'; add it"),
        ({"output": ...}, "has no 'output'; add it"),
        ({"hop_s": ...}, "has no 'hop_s'; add it"),
        ({"licence": ""}, "licence = ''; give it some text"),
        ({"input": 3}, "input = 3; give it some text"),
        ({"window_s": "long"}, "window_s = 'long'; give a number above 0"),
        ({"window_s": float("nan")}, "window_s = nan; give a number above 0"),
        ({"hop_s": -1}, "hop_s = -1; give a number above 0"),
        ({"hop_s": True}, "hop_s = True; give a number above 0"),
        ({"sample_rate": 0}, "sample_rate = 0; give a number above 0"),
        ({"sample_rate": 4000.5}, "sample_rate = 4000.5; give a whole number"),
        ({"hop_s": 0.2}, "would leave sound unheard"),
        ({"window_s": 1e-5, "hop_s": 1e-5}, "at least one sample"),
        ({"metric": "manhattan"}, "metric = 'manhattan'; choose one of cosine"),
        ({"hops": 1}, "unknown fields: hops"),
        ({"input": "samples"}, "has no input 'samples', which its card names; it has waveform"),
        ({"output": "logits"}, "has no output 'logits', which its card names; it has embedding"),
        ({"window_s": 0.2}, r"failed on windows of shape \(1, 800\)"),
    ],
)
def test_a_card_that_does_not_fit_is_refused_with_the_reason(make_onnx, changes, complaint):
    with pytest.raises(EmbedderError, match=complaint):
        OnnxFile(make_onnx(**changes))


def test_a_card_must_be_a_json_object(make_onnx):
    path = make_onnx()
    path.with_suffix(".json").write_text("{name: tiny}")
    with pytest.raises(EmbedderError, match="is not JSON"):
        OnnxFile(path)
    path.with_suffix(".json").write_text(json.dumps(["tiny"]))
    with pytest.raises(EmbedderError, match="must be an object"):
        OnnxFile(path)


def test_a_missing_file_is_named(make_onnx, tmp_path):
    with pytest.raises(EmbedderError, match=r"cannot read the model, .*none\.onnx: No such file"):
        OnnxFile(tmp_path / "none.onnx")
    path = make_onnx()
    path.with_suffix(".json").unlink()
    with pytest.raises(EmbedderError, match=r"cannot read the card of the model, .*tiny\.json"):
        OnnxFile(path)


def test_a_file_that_is_no_model_is_refused(make_onnx):
    path = make_onnx()
    path.write_bytes(b"no model at all")
    with pytest.raises(EmbedderError, match=r"cannot load .*tiny\.onnx as an ONNX model"):
        OnnxFile(path)


def test_an_output_of_another_shape_is_refused(make_onnx):
    with pytest.raises(EmbedderError, match=r"gives shape \(1, 6, 1\) for 1 windows"):
        OnnxFile(make_onnx(outputs="cube"))


def test_vectors_that_are_not_finite_are_refused(make_onnx):
    embedder = OnnxFile(make_onnx(operator="Sqrt"))  # of negative numbers too
    windows = np.random.default_rng(0).uniform(-1, 1, (2, 400)).astype(np.float32)
    with pytest.raises(EmbedderError, match="gives NaN or infinity for finite sound"):
        embedder.embed(windows)
