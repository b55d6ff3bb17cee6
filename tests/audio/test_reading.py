"""Files that are as they should be: every format gives the sound that was put in."""

import struct
import wave

import av
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonotopy.audio import open_audio

RATE = 44_100


def test_a_wav_of_known_integers_gives_their_fractions(tmp_path, read):
    path = tmp_path / "known.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(struct.pack("<6h", 0, 16384, -32768, 32767, 1, -1))
    samples, reader = read(path)
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(
        samples, np.array([[0, -32768, 1], [16384, 32767, -1]], np.float32) / 32768
    )
    assert (reader.format, reader.sample_rate, reader.channels) == ("wav", RATE, 2)
    assert reader.expected_s == 3 / RATE
    assert reader.problem is None


@pytest.mark.parametrize(
    ("name", "options", "step"),
    [
        ("a.wav", {"subtype": "PCM_U8"}, 2**-7),
        ("a.wav", {"subtype": "PCM_16"}, 2**-15),
        ("a.wav", {"subtype": "PCM_24"}, 2**-23),
        ("a.wav", {"subtype": "FLOAT"}, 0),
        ("a.wav", {"subtype": "DOUBLE"}, 0),
        ("a.rf64", {"format": "RF64", "subtype": "PCM_16"}, 2**-15),
        ("a.w64", {"format": "W64", "subtype": "PCM_24"}, 2**-23),
        ("a.aiff", {"subtype": "PCM_16"}, 2**-15),
        ("a.aif", {"format": "AIFF", "subtype": "PCM_24"}, 2**-23),
        ("a.caf", {"subtype": "PCM_16"}, 2**-15),
        ("a.au", {"subtype": "PCM_16"}, 2**-15),
        ("a.flac", {"subtype": "PCM_16"}, 2**-15),
        ("a.flac", {"subtype": "PCM_24"}, 2**-23),
    ],
)
def test_lossless_formats_return_what_was_written(name, options, step, sound, write, read):
    original = sound(1.3)
    samples, reader = read(write(name, original, **options))
    assert samples.shape == original.shape
    assert np.abs(samples - original).max() <= step
    assert reader.expected_s == pytest.approx(1.3, abs=1e-4)
    assert reader.problem is None


def test_mp3_agrees_with_another_decoder(sound, write, read):
    path = write("a.mp3", sound(3.0))
    expected, _ = soundfile.read(path, dtype="float32")
    samples, reader = read(path)
    assert samples.shape == expected.T.shape == (2, 3 * RATE)
    assert np.abs(samples - expected.T).max() < 1e-4
    assert (reader.format, reader.problem) == ("mp3", None)


@pytest.mark.parametrize(
    ("name", "options"), [("a.ogg", {}), ("a.opus", {"format": "OGG", "subtype": "OPUS"})]
)
def test_ogg_agrees_with_another_decoder(name, options, sound, write, read):
    path = write(name, sound(2.0, rate=48_000), 48_000, **options)
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    expected = np.concatenate(frames, axis=1)
    samples, reader = read(path)
    assert samples.shape == expected.shape == (2, 96_000)
    assert np.abs(samples - expected).max() < 1e-3
    assert (reader.format, reader.problem) == (name[2:], None)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "format"),
    [
        ("a.m4a", "aac", RATE, "m4a"),
        ("a.mka", "aac", RATE, "mkv"),
        ("a.webm", "libopus", 48_000, "webm"),
        ("a.mp3", "libmp3lame", RATE, "mp3"),
    ],
)
def test_lossy_containers_keep_the_sound_and_its_place(
    name, codec, rate, format, sound, encode_av, read
):
    original = sound(3.0, rate=rate)
    samples, reader = read(encode_av(name, codec, original, rate))
    assert (reader.format, reader.sample_rate, reader.channels) == (format, rate, 2)
    assert reader.problem is None
    assert samples.shape[1] == pytest.approx(original.shape[1], abs=0.04 * rate)
    n = min(samples.shape[1], original.shape[1])
    middle = slice(rate // 2, n - rate // 2)
    # Half a sample of displacement costs a 3 kHz tone more than this.
    assert np.corrcoef(samples[0, middle], original[0, middle])[0, 1] > 0.97


def test_wma_begins_at_most_one_packet_late(sound, encode_av, read):
    """FFmpeg's encoder does not say which of the first samples are padding."""
    original = sound(2.0)
    samples, reader = read(encode_av("a.wma", "wmav2", original))
    assert (reader.format, reader.sample_rate, reader.problem) == ("wma", RATE, None)
    n = samples.shape[1]
    assert 2 * RATE - 4096 <= n <= 2 * RATE
    spectra = np.fft.rfft(original[0, :n], 2 * n) * np.fft.rfft(samples[0], 2 * n).conj()
    assert 0 <= np.argmax(np.fft.irfft(spectra)) <= 2048


def test_m4a_ends_where_its_sound_ends_not_where_the_encoder_filled_up(sound, encode_av, read):
    original = sound(1.7)
    samples, reader = read(encode_av("a.m4a", "aac", original))
    assert samples.shape == original.shape
    assert reader.expected_s == pytest.approx(1.7, abs=1e-4)


def test_alac_is_lossless(sound, encode_av, read):
    original = sound(1.0)
    samples, reader = read(encode_av("a.m4a", "alac", original))
    assert samples.shape == original.shape
    assert np.abs(samples - original).max() <= 2**-15
    assert reader.format == "m4a-alac"


def test_raw_aac_is_read_though_its_length_is_unknown(sound, encode_av, read):
    samples, reader = read(encode_av("a.aac", "aac", sound(2.0)))
    assert (reader.format, reader.expected_s, reader.problem) == ("aac", None, None)
    assert samples.shape[1] == pytest.approx(2 * RATE, abs=3 * 1024)


@pytest.mark.parametrize(
    ("name", "codec", "format"),
    [("a.mp4", "aac", "mp4"), ("a.mkv", "aac", "mkv-video"), ("a.avi", "mp3", "avi")],
)
def test_a_video_gives_its_sound(name, codec, format, sound, encode_av, read):
    original = sound(1.0)
    samples, reader = read(encode_av(name, codec, original, video=True))
    assert (reader.format, reader.channels, reader.problem) == (format, 2, None)
    assert samples.shape[1] == pytest.approx(RATE, abs=3000)
    assert samples[0].std() == pytest.approx(original[0].std(), rel=0.1)


def test_three_hundred_eighty_four_kilohertz(sound, write, read):
    original = sound(0.2, 1, 384_000)
    samples, reader = read(write("bat.wav", original, 384_000, subtype="FLOAT"))
    assert reader.sample_rate == 384_000
    np.testing.assert_array_equal(samples, original)


def test_twelve_channels(sound, write, read):
    original = sound(0.5, 12)
    samples, reader = read(write("array.wav", original, subtype="FLOAT"))
    assert reader.channels == 12
    np.testing.assert_array_equal(samples, original)


def test_twelve_channels_that_libsndfile_leaves_to_ffmpeg(sound, encode_av, read):
    original = sound(0.3, 12)
    path = encode_av("array.mka", "pcm_f32le", original, layout="7.1.4")
    samples, reader = read(path)
    assert reader.channels == 12
    np.testing.assert_array_equal(samples, original)


@pytest.mark.parametrize("n", [1, 2, 441])
@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff"])
def test_the_shortest_sounds(n, name, write, read):
    samples, reader = read(write(name, np.full((1, n), 0.5)))
    np.testing.assert_array_equal(samples, np.full((1, n), 0.5, np.float32))
    assert reader.problem is None


def test_ten_milliseconds_of_mp3(sound, write, read):
    samples, reader = read(write("a.mp3", sound(0.01)))
    assert samples.shape == (2, 441)
    assert reader.problem is None


def test_silence_is_sound(write, read):
    samples, reader = read(write("silence.wav", np.zeros((2, RATE))))
    assert not samples.any()
    assert reader.problem is None


def test_floats_beyond_full_scale_pass(write, read):
    original = np.array([[0.0, 3.5, -2.0]], np.float32)
    samples, _ = read(write("hot.wav", original, subtype="FLOAT"))
    np.testing.assert_array_equal(samples, original)


@pytest.mark.parametrize(
    "name",
    [
        b"with space.wav",
        "🔔 bell.wav".encode(),
        b"two\nlines.wav",
        b"latin-\xe9.wav",
        b"LOUD.WAV",
        b"no extension",
        b"-dash.wav",
        b"100%25 #1?.wav",
    ],
)
def test_any_file_name(name, tmp_path, sound, write, read):
    import os

    target = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
    os.rename(write("plain.wav", sound(0.1), subtype="FLOAT"), target)
    samples, _ = read(target)
    np.testing.assert_array_equal(samples, sound(0.1))


@pytest.mark.parametrize("name", [b"latin-\xe9.m4a", "🔔\n.m4a".encode()])
def test_any_file_name_for_ffmpeg(name, tmp_path, sound, encode_av, read):
    import os

    target = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
    os.rename(encode_av("plain.m4a", "aac", sound(0.5)), target)
    samples, _ = read(target)
    assert samples.shape == (2, RATE // 2)


@pytest.mark.parametrize("name", ["a.wav", "a.mp3"])
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(block_s=st.floats(1e-3, 3.0))
def test_blocks_of_any_length_join_to_the_same_sound(name, block_s, sound, write, read):
    path = write(name, sound(0.7))
    whole, _ = read(path)
    with open_audio(path) as reader:
        blocks = list(reader.blocks(block_s=block_s))
    length = max(1, round(block_s * RATE))
    assert [block.shape[1] for block in blocks[:-1]] == [length] * (len(blocks) - 1)
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), whole)


def test_blocks_of_many_fast_channels_are_shorter(write):
    with open_audio(write("wide.wav", np.zeros((12, 400_000)), 384_000)) as reader:
        sizes = [block.size for block in reader.blocks()]
    assert max(sizes) <= 2**22
    assert sum(sizes) == 12 * 400_000


def test_a_file_can_be_read_twice(sound, write, encode_av):
    for path in (write("a.wav", sound(1.0)), encode_av("a.m4a", "alac", sound(1.0))):
        with open_audio(path) as reader:
            first = np.concatenate(list(reader.blocks()), axis=1)
            half = next(iter(reader.blocks(block_s=0.5)))
            again = np.concatenate(list(reader.blocks()), axis=1)
        np.testing.assert_array_equal(first, again)
        np.testing.assert_array_equal(half, first[:, : RATE // 2])


@pytest.mark.parametrize(
    ("start_s", "end_s", "block_s"), [(-1, None, 1), (2, 1, 1), (1, 1, 1), (0, 1, 0)]
)
def test_a_stretch_that_is_none_is_refused(start_s, end_s, block_s, sound, write):
    with (
        open_audio(write("a.wav", sound(0.1))) as reader,
        pytest.raises(ValueError, match="must be"),
    ):
        reader.blocks(start_s, end_s, block_s=block_s)


def test_tags_before_and_behind_an_mp3_are_no_problem(sound, write, read):
    path = write("a.mp3", sound(2.0))
    body = path.read_bytes()
    cover = bytes(300_000)
    size = len(cover) + 10
    digits = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    picture = b"APIC" + len(cover).to_bytes(4, "big") + b"\0\0" + cover
    artist = b"TAG" + "Café".encode("latin-1").ljust(125, b"\0")
    ape = b"APETAGEX" + struct.pack("<IIII8x", 2000, 32, 0, 0x80000000)
    path.write_bytes(b"ID3\x03\0\0" + digits + picture + body + ape + artist)
    samples, reader = read(path)
    assert samples.shape == (2, 2 * RATE)
    assert (reader.expected_s, reader.problem) == (2.0, None)


def test_junk_behind_an_mp3_is_no_problem(sound, write, read):
    path = write("a.mp3", sound(2.0))
    path.write_bytes(path.read_bytes() + np.random.default_rng(0).bytes(1000))
    samples, reader = read(path)
    assert samples.shape == (2, 2 * RATE)
    assert reader.problem is None


def test_an_mp3_that_does_not_say_its_length_is_not_guessed_at(sound, encode_av, read):
    options = {"container_options": {"write_xing": "0"}}
    path = encode_av("bare.mp3", "libmp3lame", sound(3.0), **options)
    path.write_bytes(path.read_bytes()[:20_000])
    samples, reader = read(path)
    assert samples.shape[1] > RATE
    assert (reader.expected_s, reader.problem) == (None, None)


def test_no_file_stays_open(sound, write, encode_av, recwarn):
    import gc

    for path in (write("a.wav", sound(0.2)), encode_av("a.m4a", "aac", sound(0.2))):
        with open_audio(path) as reader:
            next(iter(reader.blocks(block_s=0.1)))
        reader.close()
        with pytest.raises(ValueError):
            reader._file.fileno()
    gc.collect()
    assert not [warning for warning in recwarn if warning.category is ResourceWarning]
