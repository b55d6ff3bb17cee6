"""What `add` does with files that are new, the same, changed, moved, copied, gone and back."""

import os
import shutil

import numpy as np
import pytest

from tonotopy import catalog
from tonotopy.errors import EmbedderError, LibraryError, TonotopyError
from tonotopy.ingest import Report
from tonotopy.retrieve import search


def counts(report: Report) -> dict[str, int]:
    """Tell what is not zero."""
    names = ("added", "unchanged", "changed", "moved", "missing")
    found = {name: getattr(report, name) for name in names} | {"failed": len(report.failed)}
    return {name: count for name, count in found.items() if count}


def later(path, seconds=10):
    """Give a file another date."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + seconds * 10**9))


def windows_of(library, path):
    """List (channel, position, start_s, end_s, vector) of a recording, by space."""
    with library.read() as connection:
        known = catalog.find_by_path(connection, str(path))
        rows = connection.exec_driver_sql(
            "SELECT spaces.name, channel, position, start_s, end_s, vector FROM windows "
            "JOIN spaces ON spaces.id = space_id WHERE recording_id = ? ORDER BY windows.id",
            (known.id,),
        ).fetchall()
    found = {}
    for name, *row in rows:
        found.setdefault(name, []).append(tuple(row))
    return found


@pytest.fixture
def three(folder, sound):
    """Three different sounds in two folders."""
    return [
        sound(folder / name, seed) for seed, name in enumerate(("a.wav", "b.wav", "deep/c.wav"))
    ]


def test_new_files_are_heard_and_stored(add, folder, three, heard, shown, library):
    report = add(folder)
    assert counts(report) == {"added": 3}
    assert report.audio_s == pytest.approx(0.9)
    assert (report.space, report.new_space) == ("mfcc", True)
    assert heard == [str(path) for path in three]
    recording = shown()[str(three[2])]
    assert (recording.duration_s, recording.sample_rate) == (pytest.approx(0.3), 16_000)
    assert (recording.channels, recording.format, recording.missing) == (1, "wav", False)
    (rows,) = windows_of(library, three[0]).values()
    # windows of 0.25 s every 0.25 s: what is left after one is less than half a hop
    assert [(row[1], row[2], row[3]) for row in rows] == [(0, 0.0, 0.25)]
    assert report.windows == 3
    with library.read() as connection:
        assert catalog.list_roots(connection) == [(1, str(folder))]
        assert len(catalog.get_peaks(connection, 1)) == 8 + 2 * 30
        assert {hit.recording_id for hit in catalog.search_words(connection, "deep", k=3)} == {3}


def test_windows_end_with_the_sound(add, folder, sound, library):
    path = sound(folder / "x.wav", seconds=0.7)
    add(folder)
    (rows,) = windows_of(library, path).values()
    assert [row[2:4] for row in rows] == [(0.0, 0.25), (0.25, 0.5), (0.5, pytest.approx(0.7))]


def test_unchanged_files_cost_no_hearing_and_no_new_generation(add, folder, three, heard, library):
    add(folder)
    with library.read() as connection:
        before = catalog.find_space(connection)
    report = add(folder)
    assert counts(report) == {"unchanged": 3}
    assert heard == []
    assert not report.new_space
    with library.read() as connection:
        assert catalog.find_space(connection) == before


def test_a_new_date_on_the_same_bytes_costs_no_hearing(add, folder, three, heard, monkeypatch):
    add(folder)
    later(three[0])
    assert counts(add(folder)) == {"unchanged": 3}
    assert heard == []
    monkeypatch.setattr("tonotopy.audio.content_hash", lambda _: pytest.fail("it was read again"))
    assert counts(add(folder)) == {"unchanged": 3}


def test_a_changed_file_is_heard_again_in_every_space_it_was_in(
    add, folder, three, heard, library, sound
):
    add(folder)
    add(folder, embedder="stft")
    with library.write() as connection:
        catalog.set_labels(connection, {1: "mine"}, provenance="person")
    before = windows_of(library, three[0])
    assert set(before) == {"mfcc", "stft"}

    sound(three[0], seed=9, seconds=0.6)
    later(three[0])
    assert counts(add(folder)) == {"changed": 1, "unchanged": 2}
    assert heard == [str(three[0])]
    after = windows_of(library, three[0])
    assert set(after) == {"mfcc"}  # what was heard in the old content is gone
    assert len(after["mfcc"]) == 2
    assert after["mfcc"][0] != before["mfcc"][0]
    assert counts(add(folder, embedder="stft")) == {"added": 1, "unchanged": 2}
    with library.read() as connection:
        assert catalog.recording_labels(connection, [1]) == {1: [("mine", None, None)]}


def test_a_changed_file_of_the_same_size_is_noticed_by_its_date(add, folder, three, sound):
    add(folder)
    size = three[0].stat().st_size
    sound(three[0], seed=9)
    later(three[0])
    assert three[0].stat().st_size == size
    assert counts(add(folder)) == {"changed": 1, "unchanged": 2}


def test_a_moved_file_keeps_its_id_and_its_windows(add, folder, three, heard, shown, library):
    add(folder)
    id_before, windows_before = shown()[str(three[0])].id, windows_of(library, three[0])
    new = folder / "elsewhere" / "door.wav"
    new.parent.mkdir()
    three[0].rename(new)
    assert counts(add(folder)) == {"moved": 1, "unchanged": 2}
    assert heard == []
    assert shown()[str(new)].id == id_before
    assert str(three[0]) not in shown()
    assert windows_of(library, new) == windows_before
    with library.read() as connection:
        found = catalog.search_words(connection, "elsewhere door", k=3)
        assert [hit.recording_id for hit in found] == [id_before]
    assert counts(add(folder)) == {"unchanged": 3}


def test_a_file_that_moved_to_another_root_keeps_its_id(add, folder, three, heard, shown, tmp_path):
    add(folder)
    other = tmp_path / "other"
    other.mkdir()
    three[0].rename(other / "a.wav")
    assert counts(add(other)) == {"moved": 1}
    assert shown()[str(other / "a.wav")].id == 1


def test_a_file_that_moves_into_a_second_space_is_moved_and_heard(add, folder, three, heard):
    add(folder)
    three[0].rename(folder / "new.wav")
    report = add(folder, embedder="stft")
    assert counts(report) == {"moved": 1, "added": 3}
    assert len(heard) == 3


def test_copies_that_moved_together_keep_their_names_apart(add, folder, sound, shown):
    for name in ("one.wav", "two.wav"):
        sound(folder / "old" / name, seed=1)
    add(folder)
    ids = {os.path.basename(path): each.id for path, each in shown().items()}
    (folder / "old").rename(folder / "new")
    assert counts(add(folder)) == {"moved": 2}
    assert {os.path.basename(path): each.id for path, each in shown().items()} == ids


def test_a_copy_is_a_recording_of_its_own(add, folder, three, heard, shown):
    add(folder)
    shutil.copy2(three[0], folder / "copy.wav")
    assert counts(add(folder)) == {"added": 1, "unchanged": 3}
    assert len(shown()) == 4


def test_hundreds_of_files_of_one_size_are_compared_once_each(add, folder, three, library, shown):
    """Moving a folder of equal sizes must not compare each file with each."""
    from tonotopy.ingest import plan

    add(three[0])
    content, status = three[0].read_bytes(), three[0].stat()
    with library.write() as connection:
        for number in range(300):
            new = catalog.NewRecording(
                str(folder / f"old/{number}.wav"),
                status.st_size,
                status.st_mtime_ns,
                f"content {number}",
                0.3,
                16_000,
                1,
                "wav",
                b"",
                None,
            )
            catalog.put_recording(connection, new, None)
    looked_at = []
    found = []
    for number in range(20):
        path = folder / "new" / f"{number}.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content[:-2] + bytes([number, 0]))
        found.append(plan.Found(str(path), path.stat().st_size, 1))
    with pytest.MonkeyPatch.context() as patch, library.read() as connection:
        patch.setattr(plan, "is_gone", lambda path: looked_at.append(path) or True)
        plan.make_plan(connection, found, {}, set())
    assert len(looked_at) == 301


def test_a_vanished_file_is_missing_until_it_is_back(add, folder, three, heard, shown, library):
    add(folder)
    content = three[0].read_bytes()
    before = three[0].stat()
    three[0].unlink()
    assert counts(add(folder)) == {"missing": 1, "unchanged": 2}
    assert shown()[str(three[0])].missing
    assert len(windows_of(library, three[0])["mfcc"]) == 1  # still found by its sound
    assert counts(add(folder)) == {"unchanged": 2}  # it is news only once

    three[0].write_bytes(content)
    os.utime(three[0], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert counts(add(folder)) == {"unchanged": 3}
    assert heard == []
    assert not shown()[str(three[0])].missing


def test_a_folder_that_lost_all_its_files_has_them_missing(add, folder, three, shown):
    add(folder)
    for path in three:
        path.unlink()
    assert counts(add(folder)) == {"missing": 3}


def test_nothing_is_missing_where_the_root_itself_is_absent(add, folder, three, shown, sound):
    add(folder)
    away = folder.with_name("away")
    folder.rename(away)
    with pytest.raises(LibraryError, match=f"there is no file or folder {folder}"):
        add(folder)
    assert not any(each.missing for each in shown().values())

    other = sound(folder.with_name("other") / "x.wav", seed=7)
    report = add(folder, other)
    assert counts(report) == {"added": 1, "failed": 1}
    assert report.failed == [{"path": str(folder), "reason": "there is no such file or folder"}]
    assert not any(each.missing for each in shown().values())


def test_only_what_lies_below_the_path_can_become_missing(add, folder, three, shown):
    add(folder)
    for path in three:
        path.unlink()
    (folder / "deep" / "other.wav").write_bytes(b"")
    report = add(folder / "deep")
    assert counts(report) == {"missing": 1, "failed": 1}
    assert [path for path, each in shown().items() if each.missing] == [str(three[2])]


def test_a_second_space_lies_beside_the_first_which_stays_the_default(
    add, folder, three, heard, library
):
    add(folder)
    for options, name in (
        ({"embedder": "stft"}, "stft"),
        ({"embedder": "mfcc", "hop_s": 0.125}, "mfcc-hop0.125"),
        ({"embedder": "mfcc", "channels": "each"}, "mfcc-each"),
    ):
        report = add(folder, **options)
        assert (report.space, report.new_space) == (name, True)
        assert counts(report) == {"added": 3}
        report = add(folder, **options)
        assert (report.space, report.new_space) == (name, False)
        assert counts(report) == {"unchanged": 3}
        assert heard == []
    with library.read() as connection:
        spaces = catalog.list_spaces(connection)
        assert [space.name for space in spaces] == ["mfcc", "stft", "mfcc-hop0.125", "mfcc-each"]
        assert catalog.find_space(connection).name == "mfcc"
    add(folder, embedder=None)
    assert heard == []
    (rows,) = [
        rows for name, rows in windows_of(library, three[0]).items() if name == "mfcc-hop0.125"
    ]
    assert [row[2] for row in rows] == [0.0]


def test_each_channel_is_heard_by_itself(add, folder, library):
    import soundfile

    time = np.arange(8000) / 16_000
    left, right = np.sin(2 * np.pi * 300 * time), np.sin(2 * np.pi * 2500 * time)
    soundfile.write(folder / "both.wav", np.stack([left, right], axis=1) / 2, 16_000)
    soundfile.write(folder / "right.wav", right / 2, 16_000)
    add(folder, channels="each")
    both, alone = (
        sorted(windows_of(library, folder / name)["mfcc-each"])
        for name in ("both.wav", "right.wav")
    )
    assert [row[:2] for row in both] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [row[:2] for row in alone] == [(0, 0), (0, 1)]
    assert both[2][4] == alone[0][4]  # the right channel is as if it were alone
    assert both[0][4] != both[2][4]


def test_the_default_space_decides_what_is_not_asked_for(add, folder, three, library, heard):
    add(folder, hop_s=0.125, channels="each")
    report = add(folder, embedder=None)
    assert (report.space, report.new_space) == ("mfcc-hop0.125-each", False)
    assert counts(report) == {"unchanged": 3}


def test_a_hop_between_samples_becomes_one_of_whole_samples(add, folder, sound, library):
    """A hop of a third of a second would drift by seconds over a long recording."""
    path = sound(folder / "x.wav", seconds=1.2)
    add(folder, hop_s=0.1000049)
    with library.read() as connection:
        space = catalog.find_space(connection)
    assert space.hop_s == 4800 / 48_000
    (rows,) = windows_of(library, path).values()
    assert [row[2] for row in rows] == [n * 0.1 for n in range(len(rows))]
    assert counts(add(folder, hop_s=0.1000049)) == {"unchanged": 1}


@pytest.mark.parametrize("hop_s", [0.0, -1.0, 1e-9, 0.26, 1e9, float("nan"), float("inf")])
def test_a_hop_that_cannot_be_is_refused_before_a_library_is_made(add, three, hop_s, library):
    with pytest.raises(EmbedderError, match="does not fit mfcc; it must be above 0 and at most"):
        add(*three, hop_s=hop_s)
    assert not library.path.exists()


def test_an_unknown_embedder_is_refused_before_a_library_is_made(add, three, library):
    with pytest.raises(EmbedderError, match="there is no embedder 'cohlea'"):
        add(*three, embedder="cohlea")
    assert not library.path.exists()


def test_a_pattern_that_cannot_be_is_refused_before_anything_is_heard(add, three, heard, library):
    with pytest.raises(TonotopyError, match=r"cannot use the pattern '{label'"):
        add(*three, label_pattern="{label")
    assert heard == []
    assert not library.path.exists()


@pytest.mark.parametrize(("option", "value"), [("jobs", 0), ("jobs", -1), ("channels", "left")])
def test_an_option_that_no_one_can_mean_is_a_mistake_of_the_caller(add, three, option, value):
    with pytest.raises(ValueError, match=f"{option}="):
        add(*three, **{option: value})


def test_an_embedder_that_changed_cannot_fill_its_old_space(add, folder, three, library, sound):
    add(folder)
    with library.write() as connection:
        connection.exec_driver_sql("UPDATE spaces SET fingerprint = 'of another time'")
    with pytest.raises(EmbedderError, match=r"mfcc changed since the space 'mfcc' was made.*start"):
        add(folder, embedder=None)
    report = add(folder, embedder="mfcc")
    assert (report.space, report.new_space) == ("mfcc-2", True)
    assert counts(report) == {"added": 3}


def test_imported_vectors_cannot_be_added_to(add, folder, three, library):
    with library.write() as connection:
        catalog.create_space(
            connection,
            name="imported",
            embedder="",
            fingerprint="",
            dim=3,
            sample_rate=0,
            window_s=1.0,
            hop_s=1.0,
        )
    with pytest.raises(EmbedderError, match=r"'imported' holds imported vectors; .*--embedder"):
        add(folder, embedder=None)


def test_a_recording_that_was_added_is_found_by_its_own_sound(add, folder, three, library, sound):
    add(folder)
    again = sound(folder.with_name("query.wav"), seed=1)
    hits = search(library, again, k=3).hits
    assert hits[0].path == str(three[1])
    assert hits[0].score == pytest.approx(1, abs=1e-3)


def test_progress_goes_from_nothing_to_everything(add, folder, three, sound):
    (folder / "bad.wav").write_text("This is no sound.")
    states = []
    add(folder, on_progress=states.append)
    assert [state.done for state in states] == [0, 1, 2, 3, 4]
    assert {state.n_files for state in states} == {4}
    n_bytes = sum(path.stat().st_size for path in [*three, folder / "bad.wav"])
    assert {state.n_bytes for state in states} == {n_bytes}
    assert states[0].done_bytes == 0
    assert states[-1].done_bytes == n_bytes
    for name in ("done_bytes", "audio_s"):
        values = [getattr(state, name) for state in states]
        assert values == sorted(values)
    assert states[0].path == ""
    assert [state.path for state in states[1:]] == sorted(
        str(path) for path in [*three, folder / "bad.wav"]
    )


def test_what_was_stored_before_a_stop_stays(add, folder, three, library, shown, heard):
    def stop(state):
        if state.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add(folder, on_progress=stop)
    assert len(shown()) == 2
    assert counts(add(folder)) == {"added": 1, "unchanged": 2}


def test_two_runs_at_once_do_not_get_in_each_others_way(add, folder, three, library, shown):
    """The other run stores all files after this one made its plan."""
    from tonotopy.ingest import add as other_add

    def meanwhile(state):
        if state.done == 0:
            other_add(library, folder, embedder="mfcc")

    report = add(folder, on_progress=meanwhile)
    assert counts(report) == {"added": 3}
    assert len(shown()) == 3
    assert len(windows_of(library, three[0])["mfcc"]) == 1


def test_a_recording_that_is_removed_meanwhile_is_stored_anew(add, folder, three, library, shown):
    add(folder)
    later(three[0])
    three[0].write_bytes(three[1].read_bytes())

    def meanwhile(state):
        if state.done == 0:
            with library.write() as connection:
                catalog.delete_recordings(connection, [1, 2, 3])

    add(folder, on_progress=meanwhile)
    assert [(path, each.id) for path, each in shown().items()] == [(str(three[0]), 4)]


def test_a_space_that_is_removed_meanwhile_ends_the_run(add, folder, three, library, shown):
    def meanwhile(state):
        if state.done == 1:
            with library.write() as connection:
                catalog.delete_space(connection, 1)

    with pytest.raises(TonotopyError, match="the space was removed while it was being filled"):
        add(folder, on_progress=meanwhile)
    assert len(shown()) == 1
