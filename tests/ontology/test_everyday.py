"""What words mean: which classes of sound, with which weights."""

from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonotopy.ontology import CLASSES, class_index, match, near_words


def best(query):
    return CLASSES[int(match(query).weights.argmax())].name


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("dog", "Dog"),
        ("meow", "Meow"),
        ("Thunderstorm", "Thunderstorm"),
        ("808", "Drum machine"),
        ("hi-hat", "Hi-hat"),
        ("hi hats", "Hi-hat"),
        ("HIHAT", "Hi-hat"),
        ("riser", "Whoosh, swoosh, swish"),
        ("lorry", "Truck"),
        ("snoring", "Snoring"),
    ],
)
def test_a_word_means_its_class_most(query, name):
    assert best(query) == name


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ("kittens", "kitten"),
        ("ponies", "pony"),
        ("wolves", "wolf"),
        ("torches", "torch"),
        ("hiked", "hike"),
        ("sipping", "sip"),
        ("raking", "rake"),
        ("woofed", "woof"),
        ("drum-beats", "drum beat"),
    ],
)
def test_forms_of_a_word_mean_what_it_means(form, word):
    assert match(word).weights.any()
    np.testing.assert_array_equal(match(form).weights, match(word).weights)


def test_a_phrase_goes_before_its_words():
    """A kitchen tap is no tapping, and the bark of a tree is not asked for."""
    (term,) = match("kitchen tap").terms
    assert term.text == "kitchen tap"
    assert term.weights[class_index("Water tap, faucet")] == 1
    assert [each.text for each in match("dogs barking").terms] == ["dogs", "barking"]


def test_what_is_below_a_class_counts_as_the_class_and_its_parent_a_little():
    weights = match("owl").weights
    assert weights[class_index("Hoot")] == weights[class_index("Owl")] == 1
    assert 0 < weights[class_index("Bird")] < 0.5
    assert weights[class_index("Dog")] == 0


def test_a_sound_that_may_be_of_several_kinds_counts_less_for_each():
    weights = match("snake").weights
    assert 0 < weights[class_index("Hiss")] < weights[class_index("Snake")]


def test_small_words_and_qualities_mean_nothing_and_are_not_complained_of():
    meant = match("the loud sound of a dog")
    assert [each.text for each in meant.terms] == ["dog"]
    assert meant.unknown == ()


def test_an_unknown_word_is_said_plainly_with_known_ones_like_it():
    meant = match("helicoptr zzyzx")
    assert meant.unknown == ("helicoptr", "zzyzx")
    assert "helicopter" in near_words("helicoptr")
    assert near_words("zzyzx") == []
    assert "no sound is known for 'zzyzx'" in meant.why
    assert not meant.weights.any()


@pytest.mark.parametrize(
    "query", ["rain without thunder", "rain, not thunder", "rain -thunder", "rain but no thunder"]
)
def test_what_is_not_wanted_is_told_from_what_is(query):
    rain, thunder = match(query).terms
    assert (rain.text, rain.wanted) == ("rain", True)
    assert (thunder.text, thunder.wanted) == ("thunder", False)
    assert match(query).weights[class_index("Thunder")] == 0


def test_a_hyphen_within_a_word_negates_nothing():
    assert all(each.wanted for each in match("tick-tock clip-clop").terms)


def test_two_words_written_as_one_are_read_as_two():
    assert [each.text for each in match("dogbark").terms] == ["dog", "bark"]


@given(st.text(max_size=60))
def test_any_text_has_weights_from_0_to_1(query):
    weights = match(query).weights
    assert weights.shape == (521,)
    assert ((weights >= 0) & (weights <= 1)).all()


def test_every_word_of_the_list_has_a_meaning():
    lines = files("tonotopy.ontology").joinpath("everyday.txt").read_text("utf-8").splitlines()
    entries = [line.partition(" = ")[0] for line in lines if line and line[0] != "#"]
    words = {word for entry in entries for word in entry.split(", ")}
    assert len(words) > 2000
    assert [word for word in words if not match(word).terms] == []


def test_a_class_is_found_by_its_name():
    """Whatever else it means; a name in two parts may be read as two terms."""
    for each in CLASSES:
        assert match(each.name.split(", ")[0]).weights[each.index] > 0, each.name
