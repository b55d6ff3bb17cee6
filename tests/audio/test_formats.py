import hashlib

import pytest

from tonotopy.audio import (
    EXTENSIONS,
    content_hash,
    is_audio_name,
    media_type,
    playable_in_browser,
)
from tonotopy.errors import DecodeError


def test_extensions_are_lower_case_and_have_their_dot():
    assert all(ext.startswith(".") and ext == ext.lower() for ext in EXTENSIONS)
    wanted = ".wav .flac .ogg .opus .mp3 .aif .aiff .m4a .aac .wma .mp4 .mkv .webm .mov .caf .w64"
    assert set(wanted.split()) <= EXTENSIONS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("door.wav", True),
        ("DOOR.WAV", True),
        ("a b/🔔\n.Mp3", True),
        ("latin-\udce9.flac", True),
        ("archive.wav.zip", False),
        ("wav", False),
        (".wav", False),
        ("notes.txt", False),
        ("module.ts", False),
    ],
)
def test_names_of_sounds_are_told_from_others(name, expected):
    assert is_audio_name(name) is expected


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("wav", "audio/wav"),
        ("wav-double", "audio/wav"),
        ("mp3", "audio/mpeg"),
        ("m4a", "audio/mp4"),
        ("opus", "audio/ogg"),
        ("tta", "application/octet-stream"),
    ],
)
def test_media_types(format, expected):
    assert media_type(format) == expected


@pytest.mark.parametrize("format", ["wav", "mp3", "flac", "ogg", "opus", "aac", "m4a", "webm"])
def test_browsers_play_common_formats(format):
    assert playable_in_browser(format, sample_rate=44_100, channels=2)


@pytest.mark.parametrize(
    ("format", "sample_rate", "channels"),
    [
        ("aiff", 44_100, 2),
        ("wma", 44_100, 2),
        ("w64", 44_100, 2),
        ("rf64", 44_100, 2),
        ("wav-double", 44_100, 2),
        ("m4a-alac", 44_100, 2),
        ("wav", 384_000, 1),
        ("wav", 1_000, 1),
        ("wav", 44_100, 12),
    ],
)
def test_browsers_do_not_play_the_rest(format, sample_rate, channels):
    assert not playable_in_browser(format, sample_rate=sample_rate, channels=channels)


def test_the_hash_is_of_the_content_alone(tmp_path):
    content = bytes(range(256)) * 1000
    for name in ("a.wav", "b \udce9.wav"):
        (tmp_path / name).write_bytes(content)
        expected = hashlib.blake2b(content, digest_size=16).hexdigest()
        assert content_hash(tmp_path / name) == expected
    (tmp_path / "a.wav").write_bytes(content[:-1])
    assert content_hash(tmp_path / "a.wav") != expected


def test_a_file_that_is_not_there_has_no_hash(tmp_path):
    with pytest.raises(DecodeError, match="there is no such file"):
        content_hash(tmp_path / "gone.wav")
