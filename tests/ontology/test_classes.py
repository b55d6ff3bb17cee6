"""The classes that taggers score, and the tree above them."""

import csv
import json
from pathlib import Path

import pytest

from tonotopy.ontology import (
    CLASSES,
    N_CLASSES,
    SOUNDS,
    ancestors,
    class_index,
    class_indices,
    descendants,
    find,
    near_names,
    parents,
)

MODELS = Path(__file__).parents[3] / "shared" / "models"


def test_there_are_521_classes_each_at_its_index():
    assert N_CLASSES == len(CLASSES) == 521
    assert [each.index for each in CLASSES] == list(range(521))
    assert (CLASSES[0].name, CLASSES[69].name, CLASSES[494].name) == ("Speech", "Dog", "Silence")


def test_classes_are_those_of_yamnets_list():
    table = MODELS / "yamnet_class_map.csv"
    if not table.exists():
        pytest.skip(f"{table} is not there")
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert [(each["mid"], each["display_name"]) for each in rows] == [
        (each.mid, each.name) for each in CLASSES
    ]


def test_the_tree_is_audiosets():
    ontology = MODELS / "ontology.json"
    if not ontology.exists():
        pytest.skip(f"{ontology} is not there")
    for each in json.loads(ontology.read_text(encoding="utf-8")):
        assert SOUNDS[each["id"]].name == each["name"]
        assert list(SOUNDS[each["id"]].child_mids) == each["child_ids"]


def test_a_sound_below_several_has_several_parents():
    growling = find("growling")
    assert growling is not None
    assert {each.name for each in parents(growling)} == {
        "Dog",
        "Cat",
        "Roaring cats (lions, tigers)",
        "Canidae, dogs, wolves",
    }
    assert len(ancestors(growling)) == len({each.mid for each in ancestors(growling)})


def test_every_parent_has_its_child():
    for sound in SOUNDS.values():
        assert all(sound in descendants(each) for each in parents(sound))


def test_a_synonym_finds_its_sound_but_not_where_it_means_two():
    assert find("  SURF ") == find("Waves, surf")
    assert find("Honk") == CLASSES[102]
    assert find("smash") == find("Smash, crash")
    assert find("horse power") is None


def test_a_sound_is_found_by_its_id():
    assert find("/m/0bt9lr") == CLASSES[69]


def test_indices_of_a_parent_hold_those_of_all_below_it():
    animals = class_indices("Animal")
    assert {class_index(each) for each in ("Dog", "Bark", "Crowing, cock-a-doodle-doo")} <= {
        *animals
    }
    assert class_index("Chainsaw") not in animals
    assert class_indices("no such sound") == ()


def test_a_misspelt_name_has_near_ones():
    assert near_names("Thunderstrom")[0] == "Thunderstorm"
    assert near_names("xyzzyx") == []
