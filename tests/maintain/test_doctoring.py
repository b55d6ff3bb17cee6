"""What `doctor` sees, and what it mends."""

import numpy as np
import pytest
from sqlalchemy import text

from tonotopy import catalog
from tonotopy.errors import LibraryError
from tonotopy.ingest import add
from tonotopy.maintain import doctor
from tonotopy.retrieve import StoredRecording, search


def found(diagnosis):
    return [(finding.what, finding.mended) for finding in diagnosis.findings]


def test_a_sound_library_is_healthy(heard):
    diagnosis = doctor(heard)
    assert (diagnosis.recordings, diagnosis.windows, diagnosis.findings) == (6, 12, [])
    assert diagnosis.healthy


def test_lost_words_are_written_down_again(heard):
    with heard.write() as connection:
        connection.execute(text("DELETE FROM words WHERE rowid = 2"))
    assert found(doctor(heard, repair=False)) == [
        ("1 recordings could not be found by words", False)
    ]
    assert found(doctor(heard)) == [("1 recordings could not be found by words", True)]
    assert doctor(heard).findings == []


def test_files_that_are_gone_are_marked_and_named(heard, tones):
    gone = tones / "low" / "low_anna_0.wav"
    gone.unlink()
    diagnosis = doctor(heard)
    assert not diagnosis.healthy
    assert diagnosis.findings[0].examples == [str(gone)]
    with heard.read() as connection:
        assert catalog.find_by_path(connection, str(gone)).missing


def test_recordings_without_windows_and_odd_vectors_are_found(heard):
    with heard.write() as connection:
        connection.execute(text("DELETE FROM windows WHERE recording_id = 1"))
        connection.execute(text("UPDATE windows SET vector = x'00' WHERE recording_id = 2"))
    whats = [what for what, _ in found(doctor(heard))]
    assert whats == [
        "1 recordings have no windows in any space",
        "1 recordings have vectors of the wrong length",
    ]


def test_what_could_not_be_added_is_recalled(heard, tones):
    (tones / "broken.wav").write_text("this is text")
    add(heard, tones, jobs=1)
    (finding,) = doctor(heard).findings
    assert finding.what == "1 files could not be added"
    assert "broken.wav" in finding.examples[0]


def test_unused_folders_are_forgotten(heard):
    with heard.write() as connection:
        catalog.root_for(connection, "/somewhere/else")
    assert found(doctor(heard)) == [("1 folders are remembered that hold no recording", True)]


def test_a_damaged_file_is_told_from_a_sound_one(heard):
    """Damage either is listed, or stops SQLite before it can be."""
    path = heard.path
    heard.close()
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 8192] = np.random.default_rng(0).bytes(8192)
    path.write_bytes(damaged)

    def examine(library):
        try:
            return [finding.what for finding in doctor(library).findings]
        except LibraryError as error:
            return [str(error)]

    with catalog.open_catalog(path) as library:
        assert "damaged" in " ".join(examine(library))


@pytest.mark.parametrize("repair", [True, False])
def test_examining_changes_nothing_that_people_said(heard, repair):
    def said():
        with heard.read() as connection:
            return catalog.label_counts(connection)

    before = said()
    doctor(heard, repair=repair)
    assert said() == before


def test_damaged_index_files_are_deleted_and_built_again(make_library):
    library = make_library({f"{i}.wav": np.eye(60, 8)[[i % 8]] + 0.01 * i for i in range(60)})

    def nearest():
        return [hit.window_id for hit in search(library, StoredRecording(1), index="hnsw").hits]

    before = nearest()
    (file,) = library.path.with_name(library.path.name + ".index").glob("*.index")
    whole = bytearray(file.read_bytes())
    whole[-1] ^= 1
    file.write_bytes(whole)
    library.forget()
    whats = [what for what, mended in found(doctor(library)) if mended]
    assert whats == ["the index files of 1 spaces were damaged or of something else"]
    assert not file.exists()
    assert nearest() == before
