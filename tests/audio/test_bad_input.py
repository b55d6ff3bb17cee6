"""Files that are not as they should be: a reason, or what can be saved and what was lost."""

import io
import os
import struct
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from tonotopy.audio import content_hash, open_audio, reader
from tonotopy.errors import DecodeError

RATE = 44_100


def reason(path):
    """Read all of a file that cannot be read, and return why."""
    with pytest.raises(DecodeError) as caught, open_audio(path) as opened:
        for _ in opened.blocks():
            pass
    assert caught.value.path == Path(path)
    return caught.value.reason


# Not sound at all


def test_an_empty_file(tmp_path):
    path = tmp_path / "empty.wav"
    path.touch()
    assert reason(path) == "empty file (0 bytes)"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"Take 3: door, close mike.\n" * 40, "text"),
        ("Größe der Tür: ".encode() * 400, "text"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
        (b"PK\x03\x04" + bytes(100), "a ZIP archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG picture"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "a JPEG picture"),
        (b"<!DOCTYPE html><html><body>404", "a web page"),
        (b"MThd\0\0\0\6\0\1\0\1\0\x60", "MIDI"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer"),
        (bytes(10_000), "nothing: zero bytes only"),
    ],
)
@pytest.mark.parametrize("name", ["take.wav", "take.mp3", "take.m4a"])
def test_something_else_under_the_name_of_a_sound(content, kind, name, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    assert reason(path).startswith(f"not audio: it begins like {kind}")


def test_noise_that_is_no_format(tmp_path):
    path = tmp_path / "noise.wav"
    path.write_bytes(np.random.default_rng(0).bytes(100_000))
    assert reason(path) == "no known format of sound"


def test_a_folder(tmp_path):
    assert reason(tmp_path) == "it is a folder"


def test_a_file_that_is_not_there(tmp_path):
    assert reason(tmp_path / "gone.wav") == "there is no such file"


def test_a_symbolic_link_to_itself(tmp_path):
    path = tmp_path / "loop.wav"
    path.symlink_to(path)
    assert "cannot be opened" in reason(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    path = tmp_path / "pipe.wav"
    os.mkfifo(path)
    assert reason(path) == "it is a pipe or a device, not a file"


def test_a_file_without_permission(sound, write):
    if os.geteuid() == 0:
        pytest.skip("the superuser may read everything")
    path = write("secret.wav", sound(0.1))
    path.chmod(0)
    assert reason(path) == "no permission to read it"


def test_a_refused_open_is_told_as_missing_permission(sound, write, monkeypatch):
    path = write("secret.wav", sound(0.1))

    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    assert reason(path) == "no permission to read it"
    with pytest.raises(DecodeError, match="no permission to read it"):
        content_hash(path)


def test_a_video_without_sound(tmp_path):
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        image = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(image.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    assert reason(path) == "there is no sound in it"


def test_a_playlist_cannot_make_us_read_another_file(tmp_path, sound, write):
    secret = write("secret.flac", sound(0.5))
    playlist = tmp_path / "list.mp3"
    playlist.write_bytes(f"ffconcat version 1.0\nfile '{secret.name}'\n# \x01\n".encode())
    assert reason(playlist) == "no known format of sound"


def test_a_wav_without_samples(write):
    assert "no sound" in reason(write("none.wav", np.zeros((1, 0))))


# Samples that are none


@pytest.mark.parametrize(
    ("value", "kind"),
    [(np.nan, "not a number"), (np.inf, "a sample of inf"), (-1e30, "a sample of -1e+30")],
)
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_samples_that_are_not_sound(value, kind, subtype, write):
    samples = np.zeros((2, 2 * RATE))
    samples[1, round(1.234 * RATE)] = value
    assert reason(write("bad.wav", samples, subtype=subtype)) == f"{kind} at 1.234 s"


def test_samples_that_are_not_sound_in_a_container(sound, encode_av):
    samples = sound(1.0)
    samples[0, RATE // 2] = np.nan
    assert reason(encode_av("bad.mka", "pcm_f32le", samples)) == "not a number at 0.500 s"


# Files that were cut off


@pytest.mark.parametrize(
    "name", ["a.wav", "a.aiff", "a.w64", "a.rf64", "a.flac", "a.mp3", "fast.m4a"]
)
def test_half_a_file_gives_half_the_sound_and_says_so(name, sound, write, encode_av, read):
    if name == "fast.m4a":
        options = {"container_options": {"movflags": "faststart"}, "aac_pns": "0"}
        path = encode_av(name, "aac", sound(5.0), **options)
    else:
        container = {"a.w64": "W64", "a.rf64": "RF64"}.get(name)
        path = write(name, sound(5.0), format=container)
    whole, _ = read(path)
    os.truncate(path, path.stat().st_size // 2)
    samples, opened = read(path)
    assert 0.4 * whole.shape[1] < samples.shape[1] < 0.6 * whole.shape[1]
    n_sure = samples.shape[1] - 4096  # the last packet of a lossy file may differ
    np.testing.assert_allclose(samples[:, :n_sure], whole[:, :n_sure], atol=1e-6)
    decoded_s = samples.shape[1] / RATE
    assert opened.problem is not None
    assert opened.problem.startswith(
        f"only {decoded_s:.1f} s of the 5.0 s that its header promises could be decoded"
    )


def test_a_cut_off_m4a_without_index(sound, encode_av):
    path = encode_av("a.m4a", "aac", sound(3.0))
    os.truncate(path, path.stat().st_size // 2)
    assert reason(path) == "its index (the moov atom) is missing, as when a recording is cut off"


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg"])
def test_a_file_cut_off_within_its_header(name, sound, write):
    path = write(name, sound(1.0))
    os.truncate(path, 30)
    assert reason(path)


@pytest.mark.parametrize("name", ["a.ogg", "a.caf"])
def test_other_files_that_are_cut_off_end_there(name, sound, write, read):
    """Each page of an Ogg file says how far it reaches; none promises a length."""
    path = write(name, sound(5.0))
    whole, _ = read(path)
    os.truncate(path, path.stat().st_size // 2)
    samples, _ = read(path)
    n = samples.shape[1]
    assert 0.3 * whole.shape[1] < n < 0.6 * whole.shape[1]
    np.testing.assert_allclose(samples, whole[:, :n], atol=1e-6)


# Headers that lie


def wav_with_size(path, size):
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = struct.pack("<I", size)
    path.write_bytes(content)


@pytest.mark.parametrize("size", [0, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x7FFF_FFFF - 35])
def test_a_streaming_recorder_that_never_wrote_the_length(size, sound, write, read):
    path = write("stream.wav", sound(1.0), subtype="FLOAT")
    wav_with_size(path, size)
    samples, opened = read(path)
    np.testing.assert_array_equal(samples, sound(1.0))
    assert opened.problem is None


def test_a_wav_header_that_promises_too_much(sound, write, read):
    path = write("long.wav", sound(1.0))
    wav_with_size(path, 3 * RATE * 4)
    samples, opened = read(path)
    assert opened.expected_s == 3.0
    assert samples.shape == (2, RATE)
    assert "only 1.0 s of the 3.0 s" in opened.problem


def test_a_wav_header_that_promises_too_little(sound, write, read):
    path = write("short.wav", sound(5.0))
    wav_with_size(path, RATE * 4)
    samples, opened = read(path)
    assert samples.shape == (2, RATE)
    assert "ends the sound at 1.0 s, but about 4.0 s more follow" in opened.problem


def test_chunks_and_padding_behind_the_sound_are_no_problem(sound, write, read):
    path = write("tagged.wav", sound(0.2))
    with path.open("ab") as file:
        file.write(b"id3 " + struct.pack("<I", 400_000) + bytes(400_000))
    assert read(path)[1].problem is None
    path = write("padded.wav", sound(0.2))
    with path.open("ab") as file:
        file.write(bytes(400_000))
    assert read(path)[1].problem is None


def flac_with_length(path, n_samples):
    content = bytearray(path.read_bytes())
    content[21] = content[21] & 0xF0 | n_samples >> 32  # STREAMINFO: 36 bits of sample count
    content[22:26] = struct.pack(">I", n_samples & 0xFFFF_FFFF)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("promised", "problem"),
    [(0, None), (RATE // 2, None), (3 * RATE, "only 1.0 s of the 3.0 s")],
)
def test_a_flac_header_that_lies(promised, problem, sound, write, read):
    path = write("a.flac", sound(1.0))
    flac_with_length(path, promised)
    samples, opened = read(path)
    assert samples.shape == (2, RATE)
    assert np.abs(samples - sound(1.0)).max() <= 2**-15
    assert (opened.problem or "").startswith(problem or "")
    assert (opened.problem is None) == (problem is None)


@pytest.mark.parametrize(("n_frames", "problem"), [(20, None), (1000, "only 5.0 s of the 26.")])
def test_an_mp3_header_that_lies(n_frames, problem, sound, write, read):
    path = write("a.mp3", sound(5.0))
    content = bytearray(path.read_bytes())
    at = content.index(b"Xing") + 8
    content[at : at + 4] = struct.pack(">I", n_frames)
    path.write_bytes(content)
    samples, opened = read(path)
    assert samples.shape[1] == pytest.approx(5 * RATE, abs=1152)
    assert (opened.problem or "").startswith(problem or "")
    assert (opened.problem is None) == (problem is None)


# Damage in the middle


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.m4a", "a.aac"])
def test_a_damaged_stretch_is_passed_over_and_told(name, sound, write, encode_av, read):
    codec = {"a.m4a": "aac", "a.aac": "aac"}.get(name)
    path = encode_av(name, codec, sound(5.0)) if codec else write(name, sound(5.0))
    whole, _ = read(path)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 6000] = np.random.default_rng(0).bytes(6000)
    path.write_bytes(content)
    samples, opened = read(path)
    assert 0.8 * whole.shape[1] < samples.shape[1] <= whole.shape[1] + 2048
    assert "damaged" in opened.problem or "only 4." in opened.problem


def test_damage_within_a_stretch_is_told(sound, write, read):
    path = write("a.mp3", sound(5.0))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 6000] = bytes(6000)
    path.write_bytes(content)
    assert "damaged near 2." in read(path, 1.0, 4.0)[1].problem
    assert read(path, 0.0, 1.0)[1].problem is None


def test_a_damaged_ogg_is_told(sound, write, read):
    path = write("a.ogg", sound(5.0))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 6000] = bytes(6000)
    path.write_bytes(content)
    samples, opened = read(path)
    assert 0 < samples.shape[1] < 5 * RATE
    assert "of the 5.0 s that its header promises could be decoded" in opened.problem


def test_a_disk_that_fails_in_the_middle_is_told(sound, write, read, monkeypatch):
    path = write("a.mp3", sound(5.0))
    limit = path.stat().st_size // 2

    class Failing(io.FileIO):
        def read(self, n_bytes=-1):
            if self.tell() > limit:
                raise OSError(5, "Input/output error")
            return super().read(n_bytes)

    monkeypatch.setattr(reader, "open_file", lambda opened: Failing(opened))
    samples, opened = read(path)
    assert 0 < samples.shape[1] < 5 * RATE
    assert "it cannot be read (Input/output error)" in opened.problem


def test_a_track_that_changes_its_rate_ends_there(sound, encode_av, read):
    path = encode_av("a.aac", "aac", sound(1.0))
    slower = encode_av("b.aac", "aac", sound(1.0, 1, 22_050), 22_050, layout="mono")
    path.write_bytes(path.read_bytes() + slower.read_bytes())
    samples, opened = read(path)
    assert samples.shape[0] == 2
    assert samples.shape[1] == pytest.approx(RATE, abs=4 * 1024)
    assert "changes to 1 channels at 22050 Hz" in opened.problem


@pytest.mark.parametrize("rate", [0, 2**31 - 1])
def test_a_rate_that_no_one_records_at(rate, sound, write):
    path = write("a.wav", sound(0.1))
    content = bytearray(path.read_bytes())
    content[24:28] = struct.pack("<I", rate)
    path.write_bytes(content)
    assert reason(path)


# What must not happen in the process


def run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )


READ_ALL = """
import sys
from tonotopy.audio import open_audio
from tonotopy.errors import DecodeError
for path in sys.argv[1:]:
    try:
        with open_audio(path) as reader:
            print(reader.channels, sum(block.shape[1] for block in reader.blocks()))
    except DecodeError:
        print("refused")
"""


def test_decoders_print_nothing(sound, write):
    path = write("a.mp3", sound(2.0))
    content = bytearray(path.read_bytes())
    content[10_000:20_000] = bytes(10_000)
    path.write_bytes(b"ID3" + bytes(1000) + content)
    done = run(READ_ALL, path)
    assert (done.returncode, done.stderr) == (0, "")


def test_headers_that_point_out_of_the_file_print_nothing(sound, encode_av):
    path = encode_av("a.wma", "wmav2", sound(0.5))
    content = path.read_bytes()
    damaged = []
    for at in range(190, 420):
        damaged.append(path.with_name(f"{at}.wma"))
        damaged[-1].write_bytes(content[:at] + b"\xff" + content[at + 1 :])
    done = run(READ_ALL, *damaged)
    assert (done.returncode, done.stderr) == (0, "")
    assert "refused" in done.stdout


@pytest.mark.parametrize(
    ("name", "codec", "layout", "channels"),
    [("a.m4a", "aac", "7.1", 8), ("a.wv", "wavpack", "7.1.4", 12)],
)
def test_many_channels_in_planes_do_not_crash(name, codec, layout, channels, sound, encode_av):
    done = run(READ_ALL, encode_av(name, codec, sound(0.5, channels), layout=layout))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == str(channels)


def test_channels_in_an_unusual_order_do_not_crash(sound, encode_av):
    path = encode_av("a.mov", "pcm_s16le", sound(0.5, 6), layout="5.1")
    content = bytearray(path.read_bytes())
    at = content.index(b"chan") + 8
    content[at : at + 4] = struct.pack(">I", 122 << 16 | 6)  # L R Ls Rs C LFE
    path.write_bytes(content)
    done = run(READ_ALL, path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["6", str(RATE // 2)]
