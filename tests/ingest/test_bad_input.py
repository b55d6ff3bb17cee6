"""Files, folders and disks that are not as they should be: told, and the good file lands."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sqlalchemy import text

from tonotopy import catalog
from tonotopy.errors import LibraryError
from tonotopy.ingest import add as really_add
from tonotopy.maintain import doctor
from tonotopy.retrieve import search

RATE = 16_000


def tone(seconds=1.0, hz=440.0, rate=RATE):
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def write(path, samples, rate=RATE, **options):
    soundfile.write(path, samples, rate, **options)
    return path


def cut(path, share=0.5):
    content = path.read_bytes()
    path.write_bytes(content[: round(len(content) * share)])


def make(folder: Path) -> None:
    """Write one file of each kind."""
    write(folder / "good.wav", tone())
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("Dear diary, today I recorded a door.\n" * 200)
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 4 * RATE)
    cut(write(folder / "truncated.flac", noise))
    cut(write(folder / "truncated.mp3", noise))
    lying = bytearray(write(folder / "lying.wav", tone()).read_bytes())
    data = lying.index(b"data")
    lying[data + 4 : data + 8] = (20 * RATE).to_bytes(4, "little")  # 10 s of 16 bits
    (folder / "lying.wav").write_bytes(lying)
    for name, value in (("nan", np.nan), ("inf", np.inf)):
        samples = tone()
        samples[RATE // 2] = value
        write(folder / f"{name}.wav", samples, subtype="FLOAT")
    write(folder / "too loud.wav", 1e25 * tone(), subtype="FLOAT")
    write(folder / "384 kHz.wav", tone(rate=384_000), 384_000)
    write(folder / "silence.wav", np.zeros(RATE))
    write(folder / "10 ms.wav", tone(0.01))
    write(folder / "one sample.wav", np.array([0.5]))
    write(folder / "no sample.wav", np.empty(0))
    write(folder / "12 channels.wav", np.stack([tone(hz=100 * (n + 1)) for n in range(12)], 1))
    write(folder / "opposed.wav", np.stack([tone(hz=800), -tone(hz=800)], 1))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run over all of them: (library, folder, report)."""
    folder = tmp_path_factory.mktemp("bad")
    make(folder)
    path = tmp_path_factory.mktemp("library") / "library.db"
    with catalog.open_catalog(path) as library:
        yield library, folder, really_add(library, folder, embedder="mfcc", jobs=1)


def recording(run, name):
    library, folder, _ = run
    with library.read() as connection:
        known = catalog.find_by_path(connection, str(folder / name))
        return known and catalog.get_recordings(connection, [known.id])[known.id]


def windows(run, name):
    library, _, _ = run
    with library.read() as connection:
        space = catalog.find_space(connection)
        loaded = catalog.vectors_of_recordings(connection, space, [recording(run, name).id])
        spans = catalog.get_windows(connection, loaded.ids.tolist()).values()
    return [(span.start_s, span.end_s) for span in spans], loaded.vectors


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty.wav", "empty file"),
        ("text.wav", "not audio"),
        ("nan.wav", "at 0.500 s"),
        ("inf.wav", "at 0.500 s"),
        ("no sample.wav", "no sound"),
        ("too loud.wav", "at 0.000 s"),
    ],
)
def test_what_is_no_sound_is_told_with_the_reason(run, name, reason):
    _, folder, report = run
    reasons = {failed["path"]: failed["reason"] for failed in report.failed}
    assert reason in reasons[str(folder / name)]
    assert "bug" not in reasons[str(folder / name)]
    assert recording(run, name) is None


def test_nothing_else_failed_and_the_good_file_landed(run):
    _, folder, report = run
    assert len(report.failed) == 6
    assert report.added == len(list(folder.iterdir())) - 6
    spans, _ = windows(run, "good.wav")
    assert spans == [(0.0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0)]
    assert recording(run, "good.wav").problem is None


@pytest.mark.parametrize(
    ("name", "at_most_s", "problem"),
    [
        ("truncated.flac", 3.0, "could be decoded"),
        ("truncated.mp3", 3.0, "could be decoded"),
        ("lying.wav", 1.0, "only 1.0 s of the 10.0 s that its header promises could be decoded"),
    ],
)
def test_of_a_damaged_file_the_sound_that_is_there_is_added(run, name, at_most_s, problem):
    found = recording(run, name)
    assert 0.5 < found.duration_s <= at_most_s
    assert problem in found.problem
    spans, _ = windows(run, name)
    assert spans[-1][1] <= found.duration_s
    assert any(problem in each["reason"] for each in run[2].problems if name in each["path"])


@pytest.mark.parametrize(
    ("name", "duration_s", "rate", "channels"),
    [
        ("384 kHz.wav", 1.0, 384_000, 1),
        ("silence.wav", 1.0, RATE, 1),
        ("10 ms.wav", 0.01, RATE, 1),
        ("one sample.wav", 1 / RATE, RATE, 1),
        ("12 channels.wav", 1.0, RATE, 12),
        ("opposed.wav", 1.0, RATE, 2),
    ],
)
def test_odd_but_sound_files_are_added(run, name, duration_s, rate, channels):
    found = recording(run, name)
    assert found.duration_s == pytest.approx(duration_s)
    assert (found.sample_rate, found.channels, found.problem) == (rate, channels, None)
    spans, vectors = windows(run, name)
    assert spans[0] == (0.0, min(0.25, found.duration_s))
    assert spans[-1][1] == found.duration_s
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_file_at_384_khz_sounds_like_the_same_at_another_rate(run):
    np.testing.assert_allclose(
        (windows(run, "384 kHz.wav")[1] * windows(run, "good.wav")[1]).sum(1)[1:3], 1, atol=0.2
    )


def test_channels_that_cancel_each_other_are_heard_and_not_silence(run, tmp_path):
    library, _, _ = run
    alone = write(tmp_path / "left.wav", tone(hz=800))
    hits = search(library, alone, k=20).hits
    assert os.path.basename(hits[0].path) == "opposed.wav"
    assert hits[0].score > 0.99
    silence = next(hit for hit in hits if hit.path.endswith("silence.wav"))
    assert silence.score < 0.9


def test_each_sound_is_found_by_itself(run, tmp_path):
    library, folder, _ = run
    for name in ("10 ms.wav", "one sample.wav", "12 channels.wav", "silence.wav"):
        query = tmp_path / name
        query.write_bytes((folder / name).read_bytes())
        hits = search(library, query, k=20).hits
        same = next(hit for hit in hits if os.path.basename(hit.path) == name)
        assert same.score == pytest.approx(hits[0].score, abs=1e-3)


def test_the_library_is_healthy_but_for_what_it_tells(run):
    library, _, _ = run
    findings = [finding.what for finding in doctor(library).findings]
    assert findings == ["6 files could not be added"]


def test_a_file_that_may_not_be_read_is_told(folder, sound, tmp_path, unprivileged):
    sound(folder / "good.wav")
    sound(folder / "shut.wav", 1).chmod(0)
    code = """
import json, sys
from tonotopy import catalog
from tonotopy.ingest import add
with catalog.open_catalog(sys.argv[1]) as library:
    report = add(library, sys.argv[2], embedder="mfcc", jobs=1)
print(json.dumps([report.added, report.failed]))
"""
    added, failed = json.loads(unprivileged(code, tmp_path / "library.db", folder))
    assert added == 1
    reason = "no permission to read it"
    assert failed == [{"path": str(folder / "shut.wav"), "reason": reason}]


def test_a_library_that_may_not_be_written_says_so_before_anything_is_heard(
    folder, sound, tmp_path, unprivileged
):
    sound(folder / "good.wav")
    shut = tmp_path / "shut"
    shut.mkdir()
    shut.chmod(0o555)
    code = """
import sys
from tonotopy import catalog
from tonotopy.errors import LibraryError
from tonotopy.ingest import add, storing
storing.hear_all = None
try:
    with catalog.open_catalog(sys.argv[1]) as library:
        add(library, sys.argv[2], embedder="mfcc", jobs=1)
except LibraryError as error:
    print(error)
"""
    said = unprivileged(code, shut / "library.db", folder)
    assert f"the library {shut / 'library.db'} cannot be written; check the permissions" in said


def test_a_folder_that_vanishes_during_the_run_is_told_and_forgotten(add, folder, sound, failures):
    for n in range(3):
        sound(folder / "a" / f"{n}.wav", n)
        sound(folder / "b" / f"{n}.wav", n + 3)

    def vanish(state):
        if state.done == 1:
            shutil.rmtree(folder / "b")

    report = add(folder, on_progress=vanish)
    assert report.added == 3
    assert {failed["reason"] for failed in report.failed} == {"there is no such file"}
    assert len(failures()) == 3
    report = add(folder)
    assert (report.unchanged, report.missing, report.failed) == (3, 0, [])
    assert failures() == {}


def test_a_file_that_changes_while_it_is_read_is_added_by_the_next_run(
    add, folder, sound, monkeypatch
):
    from tonotopy.hearing import worker

    sound(folder / "good.wav")
    growing = sound(folder / "growing.wav", 1)
    real = worker.audio.content_hash

    def grow(path):
        found = real(path)
        if path == growing and len(growing.read_bytes()) < 20_000:
            sound(growing, 1, seconds=1.0)
        return found

    monkeypatch.setattr(worker.audio, "content_hash", grow)
    report = add(folder)
    assert report.added == 1
    (failed,) = report.failed
    assert failed["reason"] == "it changed while it was read; add it again when it is complete"
    assert add(folder).added == 1


def test_a_file_that_grew_between_the_look_and_the_hearing_is_added_as_it_is(
    add, folder, sound, shown
):
    """A recorder finishes a file while a long run is busy with others."""
    sound(folder / "a.wav")
    late = sound(folder / "late.wav", 1)

    def grow(state):
        if state.done == 1:
            sound(late, 1, seconds=1.0)

    assert add(folder, on_progress=grow).added == 2
    assert shown()[str(late)].duration_s == 1.0
    assert add(folder).unchanged == 2


def test_a_full_library_ends_the_run_and_a_later_one_completes_it(
    add, folder, sound, library, shown, monkeypatch
):
    """`PRAGMA max_page_count` is SQLite's own full disk."""
    for n in range(20):
        sound(folder / f"{n:02d}.wav", n, seconds=1.0)
    library.create()
    real = catalog.library.connect
    with library.read() as connection:
        n_pages = connection.execute(text("PRAGMA page_count")).scalar()

    def small(*arguments, **options):
        connection = real(*arguments, **options)
        connection.execute(f"PRAGMA max_page_count = {n_pages + 12}")
        return connection

    with monkeypatch.context() as patch:
        library.close()
        patch.setattr(catalog.library, "connect", small)
        with pytest.raises(LibraryError, match=r"is full: free some space .* so far is safe"):
            add(folder)
    library.close()
    landed = len(shown())
    assert 0 < landed < 20
    assert doctor(library).findings == []
    report = add(folder)
    assert (report.added, report.unchanged) == (20 - landed, landed)
    assert doctor(library).findings == []


def test_a_full_disk_ends_the_run_and_a_later_one_completes_it(folder, sound, library, shown):
    """A limit on the size of files, as a quota sets it, in a process of its own."""
    for n in range(20):
        sound(folder / f"{n:02d}.wav", n, seconds=1.0)
    library.create()
    code = """
import resource, sys
from tonotopy import catalog
from tonotopy.errors import TonotopyError
from tonotopy.ingest import add
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
try:
    with catalog.open_catalog(sys.argv[1]) as library:
        add(library, sys.argv[2], embedder="mfcc", jobs=1)
except TonotopyError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, library.path, folder], capture_output=True, text=True
    )
    assert done.stderr == ""
    assert f"the library {library.path}" in done.stdout
    assert "what was added so far is safe" in done.stdout
    landed = len(shown())
    assert 0 < landed < 20
    assert doctor(library).findings == []
    report = really_add(library, folder, jobs=1, embedder="mfcc")
    assert (report.added, report.unchanged) == (20 - landed, landed)
    assert doctor(library).findings == []
