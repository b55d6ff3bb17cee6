"""Embedders by name: built in, plugins, and what is said when there is none."""

import importlib.metadata
import subprocess
import sys

import numpy as np
import pytest

import tonotopy.embedders as embedders
from tonotopy import errors
from tonotopy.embedders import BUILTIN, DEFAULT, MODEL_FILES, available, load, with_weights
from tonotopy.errors import EmbedderError


class Loudness:
    """How loud it is.

    A plugin for these tests.
    """

    name = "loudness"
    fingerprint = "00000001"
    sample_rate = 8000
    window_s = 1.0
    hop_s = 1.0
    dim = 1
    metric = "euclidean"
    licence = "MIT"

    def embed(self, windows):
        return np.sqrt(np.square(windows).mean(axis=1, keepdims=True))


class Broken:
    def __init__(self):
        raise RuntimeError("weights not found")


class Impostor:
    """Calls itself something else."""


class Shifty(Loudness):
    name = "shifty"


@pytest.fixture
def offer(monkeypatch):
    """Pretend that an installed package offers classes of this file under names."""

    def pretend(**classes: str):
        offered = [
            importlib.metadata.EntryPoint(name, f"plugins:{attribute}", "tonotopy.embedders")
            for name, attribute in classes.items()
        ]
        monkeypatch.setitem(sys.modules, "plugins", sys.modules[__name__])
        monkeypatch.setattr(embedders, "entry_points", lambda *, group: offered)

    return pretend


SHIPPED = sorted(set(BUILTIN) - set(MODEL_FILES))  # they need nothing that is not in the package


@pytest.mark.parametrize("name", SHIPPED)
def test_a_built_in_embedder_has_the_name_it_is_loaded_by(name):
    assert load(name).name == name


def test_the_default_is_built_in():
    assert DEFAULT in BUILTIN


def test_an_unknown_name_lists_the_choices():
    with pytest.raises(
        EmbedderError, match=r"no embedder 'timber'; choose one of .*timbre.*onnx:PATH"
    ):
        load("timber")


def test_every_fingerprint_is_another():
    assert len({load(name).fingerprint for name in SHIPPED}) == len(SHIPPED)


def test_the_fingerprint_changes_with_the_settings(monkeypatch):
    from tonotopy.embedders.timbre import Timbre

    before = Timbre().fingerprint
    monkeypatch.setattr(Timbre, "settings", Timbre.settings + 1)
    assert Timbre().fingerprint != before


def test_a_plugin_is_found_by_the_name_it_is_offered_under(offer):
    offer(loudness="Loudness")
    assert load("loudness").embed(np.ones((2, 8000), np.float32)).tolist() == [[1], [1]]


def test_a_built_in_name_wins_over_a_plugin(offer):
    offer(timbre="Loudness")
    assert load("timbre").dim == 96
    assert [card.source for card in available() if card.name == "timbre"] == ["built in"]


@pytest.mark.parametrize(
    ("attribute", "complaint"),
    [
        ("Broken", r"'odd' \(plugins:Broken\) cannot be loaded: RuntimeError\('weights not found'"),
        ("Absent", r"'odd' \(plugins:Absent\) cannot be loaded: AttributeError"),
        ("Impostor", "gives a Impostor, which lacks a part"),
        ("Shifty", "calls itself 'shifty'"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_said_to_be_one(offer, attribute, complaint):
    offer(odd=attribute)
    with pytest.raises(EmbedderError, match=complaint):
        load("odd")


def test_the_cards_describe_built_in_embedders_and_plugins(offer):
    offer(loudness="Loudness", odd="Broken")
    cards = {card.name: card for card in available()}
    assert next(iter(cards)) == DEFAULT
    assert set(cards) == {*BUILTIN, "loudness", "odd"}
    for name in SHIPPED:
        card, embedder = cards[name], load(name)
        assert (card.dim, card.sample_rate) == (embedder.dim, embedder.sample_rate)
        assert (card.window_s, card.hop_s) == (embedder.window_s, embedder.hop_s)
        assert card.licence
        assert card.description.endswith(".")
        assert not card.problem
    assert cards["loudness"].description == "How loud it is."
    assert "weights not found" in cards["odd"].problem


def test_what_needs_weights_is_described_without_them(monkeypatch, tmp_path):
    monkeypatch.setenv("TONOTOPY_YAMNET", str(tmp_path / "nowhere.tflite"))
    (card,) = [card for card in available() if card.name == "yamnet"]
    assert (card.dim, card.sample_rate, card.window_s) == (1024, 16_000, 0.975)
    assert card.description.startswith("Google's tagger")
    assert "tonotopy models --download yamnet" in card.problem


def test_what_needs_a_package_is_described_without_it(monkeypatch, tmp_path):
    def absent(module):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module.partition(".")[0])

    monkeypatch.setattr(errors, "import_module", absent)
    weights = tmp_path / "yamnet.tflite"
    weights.write_bytes(b"any")
    monkeypatch.setenv("TONOTOPY_YAMNET", str(weights))
    (card,) = [card for card in available() if card.name == "yamnet"]
    assert "pip install 'tonotopy[yamnet]'" in card.problem


def test_weights_for_what_takes_none_are_refused():
    with pytest.raises(EmbedderError, match="timbre takes no weights; leave them out, or choose"):
        with_weights("timbre", "file.bin")


def test_listing_names_imports_nothing_heavy():
    code = (
        "import sys, tonotopy.embedders;"
        "heavy = {'scipy', 'onnxruntime', 'safetensors', 'librosa'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
