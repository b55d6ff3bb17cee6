"""What a map can be coloured by: the columns of its recordings, as groups, numbers and times."""

from datetime import UTC, datetime

import numpy as np
import pytest

from tonotopy import catalog
from tonotopy.features.aspects import Aspects

N = 14


@pytest.fixture
def described(make_library, serve_library):
    """Recordings that carry a level (many numbers), a site (few), and, one of them, a date."""
    library = make_library({f"{n:02}.wav": np.eye(N, 16)[[n, n]] for n in range(N)})
    with library.write() as connection:
        for number in range(1, N + 1):
            metadata = {"level": 0.5 * number, "site": number % 2, "wet": number == 3}
            moment = datetime(2024, 5, 31, tzinfo=UTC) if number == 3 else None
            catalog.update_details(connection, number, metadata=metadata, recorded_at=moment)
    return serve_library(library)


def values(client, by, **asked):
    answer = client.get("/api/v1/map/values", params={"by": by, **asked})
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.content, "<f8")


def test_numbers_that_name_few_things_are_groups(described):
    columns = described.get("/api/v1/map/columns").json()
    kinds = {each["name"]: each["kind"] for each in columns}
    assert kinds["label"] == kinds["folder"] == kinds["site"] == kinds["wet"] == "groups"
    assert kinds["level"] == kinds["duration_s"] == "number"
    assert kinds["recorded_at"] == kinds["added_at"] == "time"
    assert "device" not in kinds  # no recording has one
    assert "start_s" not in kinds
    of_windows = described.get("/api/v1/map/columns?of=windows").json()
    assert {"name": "start_s", "kind": "number"} in of_windows


def test_a_number_is_given_for_every_point_in_the_order_of_the_map(described):
    assert values(described, "level").tolist() == [0.5 * n for n in range(1, N + 1)]
    repeated = values(described, "level", of="windows")
    assert repeated.tolist() == np.repeat([0.5 * n for n in range(1, N + 1)], 2).tolist()
    asked = described.get("/api/v1/map/values?by=level")
    assert asked.headers["x-map-version"] == described.get("/api/v1/map").headers["x-map-version"]
    assert asked.headers["x-points"] == str(N)


def test_windows_tell_where_in_their_recording_they_begin(described):
    starts = values(described, "start_s", of="windows")
    assert starts.tolist() == [0.0, 0.5] * N


def test_a_time_is_seconds_since_1970_and_unknown_ones_are_nan(described):
    moments = values(described, "recorded_at")
    assert moments[2] == datetime(2024, 5, 31, tzinfo=UTC).timestamp()
    assert np.isnan(np.delete(moments, 2)).all()


def test_groups_of_metadata_have_names(described):
    legend = described.get("/api/v1/map/legend?by=site").json()
    assert legend == [{"name": "0", "n": 7}, {"name": "1", "n": 7}]
    codes = np.frombuffer(described.get("/api/v1/map/colors?by=wet").content, "<u2")
    assert codes.tolist() == [0, 0, 1] + [0] * (N - 3)
    assert [e["name"] for e in described.get("/api/v1/map/legend?by=wet").json()] == ["no", "yes"]


@pytest.mark.parametrize("route", ["values", "colors", "legend"])
def test_a_column_that_nobody_has_is_said_to_be_missing(described, route):
    answer = described.get(f"/api/v1/map/{route}?by=colour_of_the_sky")
    assert answer.status_code == 404
    assert "colour_of_the_sky" in answer.json()["error"]


def test_what_was_measured_colours_points_once_something_was(make_library, serve_library):
    library = make_library({f"{n}.wav": np.eye(4)[[n]] for n in range(4)})
    pitches = [220.0, None, 880.0]
    with library.write() as connection:
        for number, pitch in enumerate(pitches, start=1):
            aspects = Aspects(-10.0 * number, pitch, 0.5, 400.0, 0.0, 0.0, 0.01, 1.0)
            catalog.put_aspects(connection, number, aspects)
    client = serve_library(library)
    columns = {each["name"]: each["kind"] for each in client.get("/api/v1/map/columns").json()}
    assert columns["pitch_hz"] == columns["loudness_db"] == "number"
    np.testing.assert_array_equal(values(client, "pitch_hz"), [220, np.nan, 880, np.nan])
    np.testing.assert_array_equal(values(client, "loudness_db"), [-10, -20, -30, np.nan])
    recordings = client.get("/api/v1/recordings").json()["recordings"]
    assert [each["aspects"] and each["aspects"]["pitch_hz"] for each in recordings] == [
        *pitches,
        None,
    ]


def test_nothing_measured_is_no_column(described):
    assert "pitch_hz" not in {each["name"] for each in described.get("/api/v1/map/columns").json()}
    assert described.get("/api/v1/map/values?by=pitch_hz").status_code == 404
