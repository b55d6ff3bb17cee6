"""Which files are found below a path, whatever their names and wherever links lead."""

import json
import os

import pytest

from tonotopy import catalog
from tonotopy.errors import LibraryError
from tonotopy.ingest.scan import Found, Unreadable, scan


@pytest.fixture
def touch(folder):
    """Make files with a byte each; the scan looks at names, not into files."""

    def touch(*names: str) -> list[str]:
        paths = [os.path.join(folder, name) for name in names]
        for path in paths:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(b"x")
        return paths

    return touch


def found(*paths, exclude=()):
    return [each.path for each in scan([str(path) for path in paths], exclude=exclude)]


def names(folder, **options):
    return [os.path.relpath(path, folder) for path in found(folder, **options)]


def test_files_come_in_the_order_of_their_names_with_their_size_and_date(folder, touch):
    touch("b/z.wav", "b/a.wav", "a.wav", "c.wav")
    assert names(folder) == ["a.wav", "b/a.wav", "b/z.wav", "c.wav"]
    (each, *_) = scan([str(folder)])
    status = (folder / "a.wav").stat()
    assert each == Found(str(folder / "a.wav"), 1, status.st_mtime_ns)


def test_extensions_are_known_in_any_case_and_other_files_are_not_looked_at(folder, touch):
    touch("a.WAV", "b.Flac", "c.mP3", "d.AIFF", "e.m4a", "f.wma", "g.mp4", "h.opus", "i.Ogg")
    touch("notes.txt", "wav", "cover.jpg", "x.wav.bak", "a.asd")
    assert len(names(folder)) == 9


def test_hidden_files_and_what_systems_leave_behind_are_passed_over(folder, touch):
    touch(".hidden.wav", "._x.wav", "__MACOSX/y.wav", ".git/z.wav", "deep/._x.wav", "x.wav")
    assert names(folder) == ["x.wav"]


def test_a_file_that_is_named_itself_is_taken_whatever_its_name(folder, touch):
    paths = touch("._x.wav", "sound.bin", ".hidden", "noextension")
    assert found(*paths) == paths
    assert found(folder / "sound.bin", exclude=["*.bin"]) == [str(folder / "sound.bin")]


def test_what_is_excluded_is_passed_over_by_name_or_by_path(folder, touch):
    touch("a.wav", "a.mp3", "old/b.wav", "older/c.wav", "deep/old/d.wav")
    assert names(folder, exclude=["*.mp3", "old"]) == ["a.wav", "older/c.wav"]
    assert names(folder, exclude=[f"{folder}/old*"]) == ["a.mp3", "a.wav", "deep/old/d.wav"]
    assert names(folder, exclude=["*"]) == []


def test_each_file_comes_once_however_often_it_is_given(folder, touch):
    (path,) = touch("deep/a.wav")
    assert found(path, folder, folder / "deep", path) == [path]


@pytest.mark.parametrize(
    "name",
    [
        b"with space .wav",
        "🥁 snare é.wav".encode(),
        b"line\nbreak\ttab.wav",
        b"caf\xe9 \xff\xfe.wav",
        b"%41%E9.wav",
        b"quote'\"`$(x);.wav",
        b"-rf.wav",
        b"a" * 251 + b".wav",
        "\u202egnp.wav".encode(),
    ],
    ids=ascii,
)
def test_any_name_is_found_stored_and_found_again(add, folder, sound, shown, heard, name):
    plain = sound(folder / "x.wav")
    path = os.path.join(folder, os.fsdecode(name))
    os.rename(plain, path)
    assert add(folder).added == 1
    (recording,) = shown().values()
    assert recording.file == path
    assert os.path.exists(recording.file)
    recording.path.encode()  # what is shown is text
    assert add(folder).unchanged == 1
    assert heard == []
    os.unlink(path)
    assert add(folder).missing == 1


def test_a_loop_of_links_ends_where_it_began(folder, touch):
    touch("a/x.wav")
    (folder / "a" / "up").symlink_to(folder)
    (folder / "a" / "self").symlink_to(folder / "a")
    (folder / "round.wav").symlink_to(folder / "trip.wav")
    (folder / "trip.wav").symlink_to(folder / "round.wav")
    results = list(scan([str(folder)]))
    assert [each.path for each in results if isinstance(each, Found)] == [str(folder / "a/x.wav")]
    reasons = {os.path.basename(each.path): each.reason for each in results[1:]}
    assert reasons == dict.fromkeys(["round.wav", "trip.wav"], "too many levels of symbolic links")


def test_a_file_is_found_where_it_really_is_before_a_link_to_its_folder(folder, touch):
    touch("zoo/x.wav")
    (folder / "animals").symlink_to(folder / "zoo")
    assert names(folder) == ["zoo/x.wav"]


def test_what_only_a_link_leads_to_is_found_under_the_link(folder, touch, tmp_path):
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "x.wav").touch()
    (outside / "back").symlink_to(folder)
    (folder / "there").symlink_to(outside)
    touch("z.wav")
    assert names(folder) == ["z.wav", "there/deep/x.wav"]


def test_a_link_to_a_file_is_a_file_at_another_path(folder, touch):
    touch("a.wav")
    (folder / "b.wav").symlink_to(folder / "a.wav")
    (folder / "named.wav").symlink_to(folder / "c.txt")
    touch("c.txt")
    assert names(folder) == ["a.wav", "b.wav", "named.wav"]


def test_a_link_that_leads_nowhere_is_reported(folder):
    (folder / "x.wav").symlink_to(folder / "gone.wav")
    assert list(scan([str(folder)])) == [
        Unreadable(str(folder / "x.wav"), "a link that leads nowhere")
    ]


def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "x.wav")
    assert list(scan([str(folder)])) == [
        Unreadable(str(folder / "x.wav"), "neither a file nor a folder")
    ]


def test_a_folder_named_like_a_file_is_a_folder(folder, touch):
    touch("a.wav/b.wav")
    assert names(folder) == ["a.wav/b.wav"]


def test_folders_nested_a_thousand_deep_are_walked(folder):
    """Deeper than Python's recursion; each step from within, for the limit on a path's length."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(os.open("x.wav", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    assert names(folder) == ["d/" * 300 + "x.wav"]


def test_an_empty_folder_says_what_was_looked_for(add, folder, library):
    with pytest.raises(
        LibraryError, match=r"no audio files in .*sounds; looked for .*\.flac.*\.wav"
    ):
        add(folder)
    assert not library.path.exists()


def test_no_path_at_all_is_an_error(add):
    with pytest.raises(LibraryError, match="name at least one file or folder"):
        add()


def test_a_path_that_is_not_there_is_an_error_alone_and_a_failure_beside_others(
    add, folder, sound, failures
):
    with pytest.raises(LibraryError, match=r"there is no file or folder .*nowhere"):
        add(folder / "nowhere")
    sound(folder / "x.wav")
    report = add(folder, folder / "nowhere")
    assert report.added == 1
    assert report.failed == [
        {"path": str(folder / "nowhere"), "reason": "there is no such file or folder"}
    ]
    assert failures() == {}  # there is nothing that could be tried again


def test_relative_paths_and_the_home_are_understood(add, folder, sound, shown, monkeypatch):
    sound(folder / "x.wav")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder.parent))
    assert add("x.wav").added == 1
    assert add("~/sounds/../sounds", ".", "x.wav").unchanged == 1
    assert list(shown()) == [str(folder / "x.wav")]


def test_a_file_in_a_folder_that_may_not_be_read_is_reported_and_not_missing(
    folder, sound, tmp_path, unprivileged
):
    """The walk goes on in what may be read."""
    sound(folder / "open" / "x.wav")
    sound(folder / "shut" / "y.wav", seed=1)
    code = """
import json, os, sys
from tonotopy import catalog
from tonotopy.ingest import add
with catalog.open_catalog(sys.argv[1]) as library:
    reports = [add(library, sys.argv[2], embedder="mfcc", jobs=1)]
    os.chmod(sys.argv[2] + "/shut", 0)
    reports.append(add(library, sys.argv[2], jobs=1))
    os.chmod(sys.argv[2] + "/shut", 0o755)
    reports.append(add(library, sys.argv[2], jobs=1))
    with library.read() as connection:
        failures = len(catalog.list_failures(connection))
print(json.dumps([[r.added, r.unchanged, r.missing, r.failed] for r in reports] + [failures]))
"""
    first, second, third, n_failures = json.loads(
        unprivileged(code, tmp_path / "library.db", folder)
    )
    assert first == [2, 0, 0, []]
    shut = {"path": str(folder / "shut"), "reason": "no permission to read it"}
    assert second == [0, 1, 0, [shut]]
    assert third == [0, 2, 0, []]
    assert n_failures == 0


def test_paths_of_the_system_are_taken_in_any_form(add, folder, sound, library):
    path = sound(folder / "x.wav")
    assert add(str(path)).added == 1
    assert add(path).unchanged == 1
    with library.read() as connection:
        assert catalog.list_roots(connection) == [(1, str(folder))]


def test_links_may_be_kept_from_leading_out_of_a_folder(folder, touch, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "far.wav").write_bytes(b"x")
    touch("in/a.wav")
    (folder / "in" / "far").symlink_to(outside)
    (folder / "in" / "far.wav").symlink_to(outside / "far.wav")
    (folder / "in" / "near.wav").symlink_to(folder / "in" / "a.wav")
    seen = list(scan([str(folder / "in")], within=folder))
    assert {os.path.basename(each.path) for each in seen if isinstance(each, Found)} == {
        "a.wav",
        "near.wav",
    }
    refused = {
        os.path.basename(each.path): each.reason for each in seen if isinstance(each, Unreadable)
    }
    assert set(refused) == {"far", "far.wav"}
    assert all("leads out of" in reason for reason in refused.values())
