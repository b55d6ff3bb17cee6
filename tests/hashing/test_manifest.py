"""What the manifest of the many-class benchmark promises."""

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

MANIFEST = Path(__file__).parents[2] / "benchmarks" / "manyclass" / "manifest.json"


@pytest.fixture(scope="module")
def manifest():
    return json.loads(MANIFEST.read_text(encoding="utf-8"))


def test_it_has_many_classes_of_eight_clips_or_more(manifest):
    sizes = Counter(label for _, label, *_ in manifest["clips"])
    assert len(sizes) >= 60
    assert set(sizes) == set(manifest["classes"])
    assert min(sizes.values()) >= 8
    assert max(sizes.values()) <= manifest["most_clips"]


def test_clips_lie_in_the_folders_of_their_class_and_occur_once(manifest):
    paths = [path for path, *_ in manifest["clips"]]
    assert len(set(paths)) == len(paths)
    for path, label, *_ in manifest["clips"]:
        assert path.rpartition("/")[0] in manifest["classes"][label]
        assert path.rpartition("/")[0] not in manifest["left_out"]


@pytest.mark.parametrize("seed", range(5))
def test_no_group_stands_on_both_sides(manifest, seed):
    sides = defaultdict(set)
    for _, label, group, grouped, _ in manifest["clips"]:
        sides[label, group].add(grouped[seed])
    assert {len(letters) for letters in sides.values()} == {1}


@pytest.mark.parametrize("column", [3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_about_three_tenths_of_every_class_are_queries(manifest, seed, column):
    shares = defaultdict(list)
    for clip in manifest["clips"]:
        shares[clip[1]].append(clip[column][seed] == "q")
    for queries in shares.values():
        assert 0.2 <= sum(queries) / len(queries) <= 0.4


def test_the_committed_manifest_names_files_that_are_there(manifest):
    audio = Path(__file__).parents[3] / "shared" / "audio"
    if not (audio / "pool").is_dir():
        pytest.skip("the sounds of the benchmark are not beside the repository")
    assert all((audio / path).is_file() for path, *_ in manifest["clips"])
