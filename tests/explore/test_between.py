"""From one sound to another by small steps."""

import numpy as np
import pytest

from tonotopy.errors import NotInLibrary
from tonotopy.explore import path_between


def on_an_arc(n):
    """Recordings of one window, a degree apart, the first along the first axis."""
    angles = np.deg2rad(np.arange(n))
    return {
        f"{degree:03}.wav": np.array([[np.cos(angle), np.sin(angle), 0, 0, 0, 0, 0, 0]])
        for degree, angle in enumerate(angles)
    }


def test_a_path_takes_what_lies_between_in_order(make_library):
    """Four cuts of the chord of 90 degrees: atan(t / (1 - t)) of 1/5, ... 4/5."""
    library = make_library(on_an_arc(91))
    expected = [round(float(np.rad2deg(np.arctan2(t, 1 - t)))) for t in (0.2, 0.4, 0.6, 0.8)]
    degrees = [each - 1 for each in path_between(library, 1, 91, steps=4)]
    assert degrees == [0, *expected, 90] == [0, 14, 34, 56, 76, 90]


def test_nothing_comes_twice_where_there_is_little_between(make_library):
    library = make_library(on_an_arc(4))
    path = path_between(library, 1, 4, steps=10)
    assert (path[0], path[-1]) == (1, 4)
    assert sorted(path) == [1, 2, 3, 4]


def test_a_path_of_windows_leads_over_windows(make_library):
    library = make_library({"a.wav": np.eye(3, 8), "b.wav": np.eye(3, 8)[::-1] + 0.01})
    path = path_between(library, 1, 4, items="windows", steps=2)
    assert (path[0], path[-1], len(set(path))) == (1, 4, 4)


@pytest.mark.parametrize(("end", "steps", "expected"), [(1, 5, [1]), (3, 0, [1, 3])])
def test_no_way_is_no_path(make_library, end, steps, expected):
    assert path_between(make_library(on_an_arc(5)), 1, end, steps=steps) == expected


def test_what_is_not_there_is_named(make_library):
    library = make_library(on_an_arc(5))
    with pytest.raises(NotInLibrary, match="there is no recording 9 in the space"):
        path_between(library, 1, 9)
    with pytest.raises(ValueError, match="steps=-1"):
        path_between(library, 1, 2, steps=-1)
