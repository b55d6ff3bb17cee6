"""Lists of paths: a line each, whatever the names hold."""

import os

import pytest

from tonotopy.cli.adding import listed
from tonotopy.errors import LibraryError

NAMES = [
    b"plain.wav",
    b"with space .wav",
    "🥁 é.wav".encode(),
    b"caf\xe9.wav",
    "line\u2028separator.wav".encode(),
    "next\u0085line.wav".encode(),
    b"form\x0cfeed\x0btab\x1c.wav",
]


@pytest.fixture
def named(folder, sound):
    """A different sound under each name."""
    paths = [os.path.join(os.fsencode(folder), name) for name in NAMES]
    for seed, path in enumerate(paths):
        os.rename(sound(folder / "x.wav", seed), path)
    return paths


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "with mark"])
def test_each_line_is_a_path(add, named, tmp_path, shown, start, end):
    path_list = tmp_path / "list.txt"
    path_list.write_bytes(start + end.join([*named[:2], b"", b"  ", *named[2:]]) + end)
    assert add(*listed(str(path_list))).added == len(NAMES)
    assert {os.fsencode(path) for path in shown()} == set(named)


def test_names_with_newlines_come_between_zero_bytes(add, folder, sound, tmp_path, shown):
    paths = [os.fsencode(folder / name) for name in ("a\nb.wav", "c\r\nd.wav")]
    for seed, path in enumerate(paths):
        os.rename(sound(folder / "x.wav", seed), path)
    path_list = tmp_path / "list.txt"
    path_list.write_bytes(b"\0".join(paths) + b"\0")
    assert add(*listed(str(path_list))).added == 2
    assert {os.fsencode(path) for path in shown()} == set(paths)


def test_a_list_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(LibraryError, match=r"cannot read the list .*nowhere\.txt: No such file"):
        listed(str(tmp_path / "nowhere.txt"))


def test_what_of_a_list_is_not_there_is_told_and_the_rest_is_added(add, folder, sound, tmp_path):
    sound(folder / "a.wav")
    path_list = tmp_path / "list.txt"
    path_list.write_text(f"{folder}/a.wav\n{folder}/gone.wav\n")
    report = add(*listed(str(path_list)))
    assert (report.added, len(report.failed)) == (1, 1)
    assert report.failed[0]["path"] == f"{folder}/gone.wav"


def test_a_list_of_very_many_files_costs_no_more_than_their_number(add, folder, library, sound):
    """Counted in statements: known files of one folder are read at once, not one by one."""
    from sqlalchemy import event

    content = sound(folder / "x.wav").read_bytes()
    paths = [folder / f"{number}.wav" for number in range(300)]
    for number, path in enumerate(paths):
        path.write_bytes(content[:-2] + number.to_bytes(2, "little"))
    add(folder)
    statements = []
    event.listen(library._engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert add(*paths).unchanged == 300
    assert len(statements) < 50


def test_files_of_a_list_that_are_gone_are_not_missing_for_their_paths_are_not_there(
    add, folder, sound, shown
):
    paths = [sound(folder / f"{number}.wav", number) for number in range(60)]
    add(*paths)
    for path in paths[:55]:
        path.unlink()
    report = add(*paths)
    assert (report.unchanged, report.missing, len(report.failed)) == (5, 0, 55)
    assert add(folder).missing == 55
