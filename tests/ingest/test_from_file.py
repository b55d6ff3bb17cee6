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
