"""How labels of recordings and of stretches become classes of windows."""

import numpy as np
import pytest

from tonotopy import catalog
from tonotopy.catalog import NewAnnotation
from tonotopy.train.labels import labelled_windows


@pytest.fixture
def library(make_library):
    """Three recordings of four windows each, which start every 0.5 s and last 1 s."""
    rng = np.random.default_rng(0)
    return make_library({f"{each}.wav": rng.standard_normal((4, 3)) for each in "abc"})


def classes_of(library, fewest=1):
    with library.read() as connection:
        space = catalog.find_space(connection)
        ids = catalog.window_ids(connection, space)
        recordings = np.repeat([1, 2, 3], 4)
        found = labelled_windows(connection, space, ids, recordings, fewest=fewest)
    return found, [found.classes[each] if each >= 0 else "" for each in found.y]


def annotate(library, *new, provenance="person"):
    with library.write() as connection:
        catalog.add_annotations(connection, new, provenance=provenance)


def test_a_label_of_a_recording_is_that_of_all_its_windows(library):
    annotate(library, NewAnnotation(2, "rain"), provenance="folder")
    found, labels = classes_of(library)
    assert labels == [""] * 4 + ["rain"] * 4 + [""] * 4
    assert found.coverage == pytest.approx(1 / 3)
    assert found.n_recordings == [1]


def test_silence_in_a_recording_is_not_what_its_label_says(library):
    annotate(library, NewAnnotation(1, "rain"), NewAnnotation(2, "rain"))
    with library.write() as connection:
        for window, level in ((1, -20.0), (2, -59.0), (3, -61.0), (4, -120.0), (5, -90.0)):
            connection.exec_driver_sql(
                "UPDATE windows SET level_db = ? WHERE id = ?", (level, window)
            )
    _, labels = classes_of(library)
    assert labels[:4] == ["rain", "rain", "", ""]
    assert labels[4:8] == ["rain"] * 4, "of some of its windows nobody knows how loud they are"


def test_a_label_of_a_stretch_is_that_of_the_windows_there(library):
    annotate(library, NewAnnotation(1, "bark", start_s=1.0, end_s=1.6))
    assert classes_of(library)[1][:4] == ["", "bark", "bark", ""]


def test_people_are_believed_before_names_and_names_before_folders(library):
    everything = [NewAnnotation(each, "folder says") for each in (1, 2, 3)]
    annotate(library, *everything, provenance="folder")
    annotate(library, NewAnnotation(2, "name says"), NewAnnotation(3, "x"), provenance="name")
    annotate(library, NewAnnotation(3, "anna says"), provenance="anna")
    _, labels = classes_of(library)
    assert labels[::4] == ["folder says", "name says", "anna says"]


def test_who_says_two_things_says_neither(library):
    annotate(library, NewAnnotation(1, "bark"), NewAnnotation(1, "howl", start_s=0.0, end_s=1.0))
    assert classes_of(library)[1][:4] == ["", "", "bark", "bark"]


def test_what_is_not_so_unsure_or_a_classifier_s_is_no_label(library):
    annotate(library, NewAnnotation(1, "bark", polarity="negative"))
    annotate(library, NewAnnotation(2, "bark", polarity="unsure"))
    annotate(library, NewAnnotation(3, "bark"), provenance="classifier:dogs")
    assert set(classes_of(library)[1]) == {""}


def test_labels_on_too_few_recordings_are_no_classes(library):
    annotate(library, NewAnnotation(1, "bark"), NewAnnotation(2, "bark"), NewAnnotation(3, "rain"))
    found, labels = classes_of(library, fewest=2)
    assert (found.classes, found.n_recordings) == (["bark"], [2])
    assert labels == ["bark"] * 8 + [""] * 4
