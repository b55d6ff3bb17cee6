"""What cannot be heard is told, kept and tried again, and does not stop the rest."""

import os

import pytest


@pytest.fixture
def mixed(folder, sound):
    """Two good files around a bad one."""
    sound(folder / "a.wav", 1)
    (folder / "bad.wav").write_text("This is no sound.\n" * 100)
    sound(folder / "z.wav", 2)
    return folder


def test_a_file_that_cannot_be_heard_is_told_and_the_others_are_added(add, mixed, failures):
    report = add(mixed)
    assert report.added == 2
    bad = str(mixed / "bad.wav")
    assert report.failed == [{"path": bad, "reason": failures()[bad]}]
    assert "text" in failures()[bad]


def test_a_failure_is_tried_again_and_told_again(add, mixed, heard, failures):
    add(mixed)
    report = add(mixed)
    assert heard == [str(mixed / "bad.wav")]
    assert (report.added, report.unchanged, len(report.failed)) == (0, 2, 1)
    assert len(failures()) == 1


def test_a_failure_is_forgotten_when_the_file_is_mended(add, mixed, sound, failures):
    add(mixed)
    sound(mixed / "bad.wav", 3)
    assert add(mixed).added == 1
    assert failures() == {}


def test_a_failure_is_forgotten_when_the_file_is_gone(add, mixed, failures):
    add(mixed)
    (mixed / "bad.wav").unlink()
    report = add(mixed)
    assert report.failed == []
    assert failures() == {}


def test_a_failure_of_a_folder_that_is_away_is_kept(add, mixed, failures, sound):
    add(mixed)
    mixed.rename(mixed.with_name("away"))
    add(sound(mixed.with_name("other") / "x.wav", 5))
    assert list(failures()) == [str(mixed / "bad.wav")]


def test_a_failure_outside_of_the_path_is_kept(add, mixed, failures):
    add(mixed)
    (mixed / "bad.wav").unlink()
    add(mixed / "a.wav")
    assert len(failures()) == 1


def test_a_known_file_that_is_broken_keeps_what_was_heard_until_it_is_restored(
    add, mixed, failures, shown, heard
):
    (mixed / "bad.wav").unlink()
    add(mixed)
    path = mixed / "a.wav"
    content, status = path.read_bytes(), path.stat()
    path.write_bytes(b"")
    report = add(mixed)
    assert report.failed == [{"path": str(path), "reason": "empty file (0 bytes)"}]
    assert shown()[str(path)].duration_s > 0

    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    report = add(mixed)
    assert (report.unchanged, heard) == (2, [])
    assert failures() == {}


def test_a_run_of_failures_only_says_so_and_leaves_them_in_the_library(add, folder, failures):
    (folder / "bad.wav").write_bytes(b"")
    report = add(folder)
    assert (report.added, len(report.failed)) == (0, 1)
    assert len(failures()) == 1


def test_a_recording_heard_in_part_is_added_with_what_was_wrong(add, folder, sound, shown):
    path = sound(folder / "cut.wav", seconds=1.0)
    path.write_bytes(path.read_bytes()[:-16_000])
    report = add(folder)
    assert report.added == 1
    (problem,) = report.problems
    assert problem["path"] == str(path)
    assert "only 0.5 s of the 1.0 s" in problem["reason"]
    assert shown()[str(path)].problem == problem["reason"]
    assert shown()[str(path)].duration_s == pytest.approx(0.5)
