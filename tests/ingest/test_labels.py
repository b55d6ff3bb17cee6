"""Labels and details that folders and names tell, on new files and on known ones."""

from datetime import UTC, datetime, timedelta

import pytest

from tonotopy import catalog


@pytest.fixture
def labels(library):
    def labels():
        """Show the labels by the paths' ends."""
        with library.read() as connection:
            recordings = catalog.get_recordings(connection, catalog.recording_ids(connection))
            found = catalog.recording_labels(connection, list(recordings))
        return {
            each.name: sorted(label for label, *_ in found.get(each.id, ()))
            for each in recordings.values()
        }

    return labels


@pytest.fixture
def named(folder, sound):
    """Files as collections name them."""
    sound(folder / "doors" / "door_anna_1.wav", 1)
    sound(folder / "bells" / "bell_ben_2.wav", 2)
    sound(folder / "bells" / "noise.wav", 3)
    return folder


PATTERN = "{label}_{speaker}_{take}"


def test_folders_are_labels(add, named, labels):
    add(named, labels_from_folders=True)
    assert labels() == {
        "door_anna_1.wav": ["doors"],
        "bell_ben_2.wav": ["bells"],
        "noise.wav": ["bells"],
    }


def test_names_are_labels_and_details_where_they_fit(add, named, labels, shown):
    add(named, label_pattern=PATTERN)
    assert labels() == {"door_anna_1.wav": ["door"], "bell_ben_2.wav": ["bell"], "noise.wav": []}
    details = {each.name: each.metadata for each in shown().values()}
    assert details == {
        "door_anna_1.wav": {"speaker": "anna", "take": "1"},
        "bell_ben_2.wav": {"speaker": "ben", "take": "2"},
        "noise.wav": {},
    }


def test_files_that_are_known_get_labels_without_being_heard(add, named, labels, heard):
    add(named)
    assert not any(labels().values())
    report = add(named, labels_from_folders=True, label_pattern=PATTERN)
    assert report.unchanged == 3
    assert heard == []
    assert labels()["door_anna_1.wav"] == ["door", "doors"]


def test_a_file_that_moved_to_another_folder_takes_its_label(add, named, labels):
    add(named, labels_from_folders=True)
    (named / "gates").mkdir()
    (named / "doors" / "door_anna_1.wav").rename(named / "gates" / "door_anna_1.wav")
    add(named, labels_from_folders=True)
    assert labels()["door_anna_1.wav"] == ["gates"]


def test_labels_are_found_as_words(add, named, library):
    add(named, label_pattern=PATTERN)
    with library.read() as connection:
        (hit,) = catalog.search_words(connection, "bell", k=3, columns=["labels"])
    assert hit.why == "label: bell"


def test_labels_of_people_and_of_other_files_are_left_alone(add, named, labels, library):
    add(named)
    with library.write() as connection:
        catalog.set_labels(connection, {1: "mine", 2: "mine", 3: "mine"}, provenance="person")
    add(named / "doors", labels_from_folders=True)
    assert labels() == {
        "door_anna_1.wav": ["doors", "mine"],
        "bell_ben_2.wav": ["mine"],
        "noise.wav": ["mine"],
    }


def test_another_pattern_takes_the_place_of_its_labels(add, named, labels):
    add(named, label_pattern=PATTERN)
    add(named, label_pattern="{kind}_{label}_{take}")
    assert labels() == {"door_anna_1.wav": ["anna"], "bell_ben_2.wav": ["ben"], "noise.wav": []}


def test_labels_do_not_raise_the_generation(add, named, library):
    def generation():
        with library.read() as connection:
            return catalog.find_space(connection).generation

    add(named)
    before = generation()
    add(named, labels_from_folders=True, label_pattern=PATTERN)
    assert generation() == before


@pytest.mark.parametrize(
    ("name", "expected", "offset_h"),
    [
        ("AM1_20240531_180000", datetime(2024, 5, 31, 18, tzinfo=UTC), 0),
        ("AM1_20240531_180000Z", datetime(2024, 5, 31, 18, tzinfo=UTC), 0),
        ("AM1_20240531T180000", datetime(2024, 5, 31, 18, tzinfo=UTC), 0),
        ("AM1_2024-05-31T18:00:00+02:00", datetime(2024, 5, 31, 16, tzinfo=UTC), 2),
        ("AM1_2024-05-31", datetime(2024, 5, 31, tzinfo=UTC), 0),
        ("AM1_20241331_180000", None, 0),
        ("AM1_yesterday", None, 0),
    ],
)
def test_a_device_and_a_time_are_known_as_such(add, folder, sound, shown, name, expected, offset_h):
    sound(folder / f"{name}.wav")
    add(folder, label_pattern="{device}_{recorded_at}")
    (recording,) = shown().values()
    assert recording.device == "AM1"
    assert recording.recorded_at == expected
    if expected is not None:
        assert recording.recorded_at.utcoffset() == timedelta(hours=offset_h)
    assert recording.metadata == {}


def test_telling_the_same_again_writes_nothing(add, folder, sound, library, monkeypatch):
    sound(folder / "AM1_20240531_180000_b.wav")
    options = {"label_pattern": "{device}_{recorded_at}_{take}", "labels_from_folders": True}
    add(folder, **options)
    monkeypatch.setattr(catalog, "update_details", lambda *_, **__: pytest.fail("it was no news"))
    indexed = []
    monkeypatch.setattr(catalog, "index_words", lambda _, ids: indexed.extend(ids))
    add(folder, **options)
    assert indexed == []


def test_names_that_are_no_text_give_labels_and_details_that_can_be_shown(
    add, folder, sound, labels, shown
):
    path = sound(folder / "x.wav")
    odd = folder / "caf\udce9"
    odd.mkdir()
    path.rename(odd / "d\udcff_AM\udcfe_t\udcfd.wav")
    add(folder, labels_from_folders=True, label_pattern="{label}_{device}_{take}")
    (recording,) = shown().values()
    assert labels() == {"d%FF_AM%FE_t%FD.wav": ["caf%E9", "d%FF"]}
    assert (recording.device, recording.metadata) == ("AM%FE", {"take": "t%FD"})
