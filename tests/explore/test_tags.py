"""Maps coloured by what was heard."""

import numpy as np
import pytest

from tonotopy import catalog
from tonotopy.catalog import NewWindow, pack_scores
from tonotopy.errors import NotInLibrary
from tonotopy.explore import group_points, list_columns
from tonotopy.explore.colouring import NO_GROUP
from tonotopy.ontology import CLASSES, class_index


def heard_as(name: str) -> bytes:
    """Pack a high score of one class."""
    (row,) = pack_scores(np.array([[class_index(name)]]), np.array([[0.9]]))
    return row


@pytest.fixture
def library(make_library):
    """Three recordings of two windows; a space with tags beside the first one, without."""
    rng = np.random.default_rng(0)
    made = make_library({f"{n}.wav": rng.standard_normal((2, 4)) for n in range(3)})
    with made.write() as connection:
        space = catalog.create_space(
            connection,
            name="tagged",
            embedder="",
            fingerprint="",
            dim=4,
            sample_rate=0,
            window_s=1.0,
            hop_s=0.5,
        )
        catalog.put_tagger(connection, space.id, "audioset", np.full(len(CLASSES), 0.5))
        for recording_id, names in ((1, ["Dog", "Rain"]), (2, ["Rain", "Rain"])):
            rows = [
                NewWindow(
                    None,
                    position,
                    position / 2,
                    position / 2 + 1,
                    rng.standard_normal(4).astype("<f2").tobytes(),
                    -20.0,
                    heard_as(name),
                )
                for position, name in enumerate(names)
            ]
            catalog.put_windows(connection, space, recording_id, rows)
            catalog.put_recording_scores(connection, space.id, recording_id, heard_as(names[0]))
    return made


def colours(library, **options):
    groups = group_points(library, by="tag", **options)
    names = [name for name, _ in groups.names]
    return [None if code == NO_GROUP else names[code] for code in groups.codes.tolist()]


def test_windows_have_the_colours_of_their_own_tags(library):
    assert colours(library, items="windows", space="tagged") == ["Dog", "Rain", "Rain", "Rain"]


def test_recordings_have_the_colour_of_their_first_tag(library):
    assert colours(library, space="tagged") == ["Dog", "Rain"]
    assert group_points(library, by="tag", space="tagged").names == [("Dog", 1), ("Rain", 1)]


def test_points_of_a_space_without_tags_have_those_of_their_recording(library):
    assert colours(library) == ["Dog", "Rain", None]
    assert colours(library, items="windows") == ["Dog", "Dog", "Rain", "Rain", None, None]


def test_tags_are_offered_as_a_colour_where_there_are_any(library, make_library):
    assert "tag" in {column.name for column in list_columns(library)}
    silent = make_library({"a.wav": np.eye(3)})
    assert "tag" not in {column.name for column in list_columns(silent)}
    with pytest.raises(NotInLibrary, match="nothing in this library has tags"):
        group_points(silent, by="tag")
