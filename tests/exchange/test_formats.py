"""What was chosen, in every form: read back as others would read it."""

import base64
import csv
import io
import json
import zipfile

import numpy as np
import pytest
import soundfile

from tonotopy import catalog
from tonotopy.catalog import NewAnnotation
from tonotopy.errors import NotInLibrary, QueryError
from tonotopy.exchange import ENDINGS, FORMATS, export


def written(library, tmp_path, format, **chosen):
    target = tmp_path / f"out{ENDINGS[format]}"
    done = export(library, target, format=format, **chosen)
    return target, done


def recordings(library):
    with library.read() as connection:
        ids = catalog.recording_ids(connection)
        return catalog.get_recordings(connection, ids)


def say(library, *annotations):
    with library.write() as connection:
        catalog.add_annotations(connection, annotations)


def test_paths_are_written_once_each_in_the_order_chosen(heard, tmp_path):
    target, _ = written(heard, tmp_path, "paths", items="recordings", ids=[5, 2])
    known = recordings(heard)
    assert target.read_text().splitlines() == [known[5].path, known[2].path]
    windows, _ = written(heard, tmp_path, "paths", items="windows", ids=[1, 2])
    assert windows.read_text().splitlines() == [known[1].path]


def test_a_table_tells_what_is_known_of_each(heard, tmp_path):
    target, done = written(heard, tmp_path, "table", items="recordings", where="label = 'low'")
    rows = list(csv.DictReader(target.open(newline="")))
    assert done.n == len(rows) == 2
    assert {row["labels"] for row in rows} == {"low"}
    assert json.loads(rows[0]["metadata"])["speaker"] == "anna"
    assert (float(rows[0]["start_s"]), float(rows[0]["end_s"])) == (0.0, 0.5)


def test_vectors_of_recordings_are_those_of_their_windows(heard, tmp_path):
    target, done = written(heard, tmp_path, "csv", items="recordings", ids=[2])
    rows = list(csv.DictReader(target.open(newline="")))
    assert done.n == 1
    assert [row["recording_id"] for row in rows] == ["2", "2"]


def test_recordings_are_zipped_as_they_are(heard, tmp_path):
    target, done = written(heard, tmp_path, "clips", items="recordings", ids=[1, 4])
    known = recordings(heard)
    with zipfile.ZipFile(target) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("clips.csv").decode())))
        for row in rows:
            original = known[int(row["id"])].file
            with open(original, "rb") as file:
                assert archive.read(row["file"]) == file.read()
        assert len(archive.namelist()) == 3
    assert done.missing == 0


def test_windows_are_zipped_as_exactly_their_stretches(heard, tmp_path):
    target, _ = written(heard, tmp_path, "clips", items="windows", ids=[2])
    with heard.read() as connection:
        window = catalog.get_windows(connection, [2])[2]
    source, rate = soundfile.read(recordings(heard)[window.recording_id].file)
    with zipfile.ZipFile(target) as archive:
        [name] = [each for each in archive.namelist() if each.endswith(".wav")]
        clip, clip_rate = soundfile.read(io.BytesIO(archive.read(name)))
    assert clip_rate == rate
    expected = source[round(window.start_s * rate) : round(window.end_s * rate)]
    np.testing.assert_allclose(clip, expected, atol=1 / 32_768)
    assert "0_25-0_50s" in name


def test_a_file_that_is_gone_is_named_and_the_others_are_there(heard, tones, tmp_path):
    gone = recordings(heard)[3]
    (tones / gone.folder / gone.name).unlink()
    target, done = written(heard, tmp_path, "clips", items="recordings")
    assert (done.n, done.missing) == (6, 1)
    with zipfile.ZipFile(target) as archive:
        assert gone.name in archive.read("missing.txt").decode()
        assert len(archive.namelist()) == 5 + 2


def test_audacity_gets_a_label_track_for_each_recording(heard, tmp_path):
    said = NewAnnotation(1, "two\ttone", 0.1, 0.3, low_hz=500.0)
    say(heard, said, NewAnnotation(1, "not this", 0.0, 0.2, polarity="negative"))
    target, _ = written(heard, tmp_path, "audacity", items="recordings", ids=[1, 2])
    known = recordings(heard)
    with zipfile.ZipFile(target) as archive:
        names = {f"{known[n].folder}/{known[n].name}".replace(".wav", ".txt") for n in (1, 2)}
        assert set(archive.namelist()) == names
        track = archive.read(f"{known[1].folder}/{known[1].name[:-4]}.txt").decode().splitlines()
    folder = known[1].folder
    assert track == [
        f"0.000000\t0.500000\t{folder}",
        "0.100000\t0.300000\ttwo tone",
        "\\\t500.000000\t8000.000000",
    ]


def test_raven_gets_one_selection_table(heard, tmp_path):
    say(heard, NewAnnotation(1, "beep", 0.1, 0.3, 500.0, 900.0))
    target, _ = written(heard, tmp_path, "raven", items="recordings", ids=[1])
    rows = list(csv.DictReader(target.open(newline=""), delimiter="\t"))
    beep = next(row for row in rows if row["Annotation"] == "beep")
    assert float(beep["Begin Time (s)"]) == float(beep["File Offset (s)"]) == 0.1
    assert (beep["Low Freq (Hz)"], beep["High Freq (Hz)"]) == ("500.000", "900.000")
    assert beep["Begin Path"] == recordings(heard)[1].path
    assert [row["Selection"] for row in rows] == ["1", "2"]
    windows, _ = written(heard, tmp_path, "raven", items="windows", ids=[1, 2])
    rows = list(csv.DictReader(windows.open(newline=""), delimiter="\t"))
    # [0, 0.25) shares 0.15 s of the beep's 0.2, [0.25, 0.5) only 0.05
    starts = [row["Begin Time (s)"] for row in rows if row["Annotation"] == "beep"]
    assert starts == ["0.000000"]


def test_the_projector_gets_vectors_and_a_line_of_metadata_each(heard, tmp_path):
    target, _ = written(heard, tmp_path, "projector", items="recordings", ids=[4, 1])
    with zipfile.ZipFile(target) as archive:
        vectors = np.loadtxt(io.BytesIO(archive.read("vectors.tsv")), delimiter="\t")
        lines = archive.read("metadata.tsv").decode().splitlines()
        config = json.loads(archive.read("projector_config.json"))
    with heard.read() as connection:
        space = catalog.find_space(connection)
        windows = catalog.vectors_of_recordings(connection, space, [4]).vectors
    mean = windows.mean(axis=0)
    np.testing.assert_allclose(vectors[0], mean / np.linalg.norm(mean), atol=1e-4)
    assert len(lines) == 1 + len(vectors) == 3
    assert lines[1].split("\t")[0] == recordings(heard)[4].name
    assert config["embeddings"][0]["tensorShape"] == [2, space.dim]


def site_data(target):
    with zipfile.ZipFile(target) as archive:
        text = archive.read("map/data.js").decode()
        names = set(archive.namelist())
    return json.loads(text.removeprefix("window.TONOTOPY = ").removesuffix(";\n")), names


def test_a_site_holds_points_sounds_and_true_neighbours(heard, tmp_path):
    target, done = written(heard, tmp_path, "site", items="recordings")
    data, names = site_data(target)
    assert {"map/index.html", "map/site.js", "map/site.css"} <= names
    assert all(f"map/{point['sound']}" in names for point in data["points"])
    coordinates = np.frombuffer(base64.b64decode(data["coordinates"]), "<f4").reshape(-1, 2)
    assert len(coordinates) == done.n == 6
    assert np.abs(coordinates).max() == pytest.approx(1)
    near = np.frombuffer(base64.b64decode(data["neighbors"]), "<u4").reshape(6, 5)
    labels = [point["label"] for point in data["points"]]
    assert all(labels[near[place, 0]] == labels[place] for place in range(6))  # its twin
    assert all(place not in near[place] for place in range(6))


def test_a_site_shows_the_librarys_umap_where_there_is_one(heard, tmp_path):
    corners = np.array([[0, 0], [10, 0], [10, 10], [0, 10], [5, 5], [2, 5]], np.float32)
    with heard.write() as connection:
        catalog.put_analysis(
            connection,
            space_id=1,
            kind="projection",
            name="umap",
            item_kind="recordings",
            parameters={},
            generation=1,
            values={"ids": np.array([6, 5, 4, 3, 2, 1]), "coordinates": corners},
        )
    target, _ = written(heard, tmp_path, "site", items="recordings", ids=[6, 4])
    data, _ = site_data(target)
    coordinates = np.frombuffer(base64.b64decode(data["coordinates"]), "<f4").reshape(-1, 2)
    assert coordinates.tolist() == [[-1, -1], [1, 1]]


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_can_be_written_of_one_thing(heard, tmp_path, format):
    for items in ("recordings", "windows"):
        target, done = written(heard, tmp_path, format, items=items, ids=[1])
        assert done.n == 1
        assert target.stat().st_size > 0
        assert not list(tmp_path.glob("*.part"))


def test_what_is_not_there_cannot_be_exported(heard, tmp_path):
    with pytest.raises(NotInLibrary, match="99"):
        written(heard, tmp_path, "paths", items="recordings", ids=[1, 99])
    with pytest.raises(NotInLibrary, match="nothing to export"):
        written(heard, tmp_path, "paths", ids=[])
    with pytest.raises(QueryError, match="not both"):
        written(heard, tmp_path, "paths", ids=[1], where="label = 'low'")
    with pytest.raises(QueryError, match="choose from parquet"):
        export(heard, tmp_path / "x", format="gif")
