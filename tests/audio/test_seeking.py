"""A stretch is exactly the samples that a full decode gives there."""

import numpy as np
import pytest

from tonotopy.audio import open_audio

RATE = 44_100


def files(sound, write, encode_av):
    """Six seconds in every way of being sought; the noise codes of aac differ at each pass."""
    original = sound(6.0)
    return {
        "wav": write("a.wav", original),
        "aiff": write("a.aiff", original),
        "flac": write("a.flac", original),
        "ogg": write("a.ogg", original),
        "ogg of long pages": write("long.ogg", sound(5.0, 1)),
        "opus": write("a.opus", sound(6.0, rate=48_000), 48_000, format="OGG", subtype="OPUS"),
        "gsm": write("gsm.wav", original[:1], subtype="GSM610"),
        "adpcm": write("adpcm.wav", original, subtype="IMA_ADPCM"),
        "sds": write("a.sds", original[:1], format="SDS", subtype="PCM_16"),
        "mp3 of variable rate": write("vbr.mp3", original),
        "mp3 of constant rate": encode_av("cbr.mp3", "libmp3lame", original),
        "mp3 without a header": encode_av(
            "bare.mp3", "libmp3lame", original, container_options={"write_xing": "0"}
        ),
        "m4a": encode_av("a.m4a", "aac", original, aac_pns="0"),
        "alac": encode_av("alac.m4a", "alac", original),
        "aac": encode_av("a.aac", "aac", original, aac_pns="0"),
        "mka": encode_av("a.mka", "aac", original, aac_pns="0"),
        "webm": encode_av("a.webm", "libopus", sound(6.0, rate=48_000), 48_000),
        "wma": encode_av("a.wma", "wmav2", original),
        "mp4": encode_av("a.mp4", "aac", original, aac_pns="0", video=True),
    }


def test_every_start_is_exact(sound, write, encode_av):
    rng = np.random.default_rng(5)
    for name, path in files(sound, write, encode_av).items():
        with open_audio(path) as reader:
            rate = reader.sample_rate
            whole = np.concatenate(list(reader.blocks()), axis=1)
            n = whole.shape[1]
            starts = [0, 1, 575, 1152, 22_050, 30_000, n - 1000, n - 1, *rng.integers(0, n, 12)]
            for start in starts:
                end = start + 3000
                blocks = list(reader.blocks(start / rate, end / rate, block_s=0.02))
                stretch = np.concatenate(blocks, axis=1)
                assert stretch.shape == whole[:, start:end].shape, (name, start)
                error = np.abs(stretch - whole[:, start:end]).max()
                assert error < 1e-6, (name, start, error)


@pytest.mark.parametrize("codec", [None, "alac", "libmp3lame"])
def test_behind_the_end_there_is_nothing(codec, sound, write, encode_av, read):
    name = {"alac": "a.m4a", "libmp3lame": "a.mp3"}.get(codec)
    path = encode_av(name, codec, sound(1.0)) if codec else write("a.wav", sound(1.0))
    samples, reader = read(path, 1.5, 2.0)
    assert samples.shape == (2, 0)
    assert reader.problem is None


def test_a_stretch_over_the_end_is_shortened(sound, write, read):
    samples, reader = read(write("a.wav", sound(1.0), subtype="FLOAT"), 0.75, 5.0)
    np.testing.assert_array_equal(samples, sound(1.0)[:, RATE * 3 // 4 :])
    assert reader.problem is None


def test_a_stretch_of_a_cut_off_file_does_not_complain(sound, write, read):
    """Nothing of what was asked for is missing."""
    path = write("a.wav", sound(2.0))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    assert read(path, 0.25, 0.5)[1].problem is None
    assert "only 1.0 s of the 2.0 s" in read(path, 0.25)[1].problem


def test_a_chain_of_ogg_streams_is_sought_by_count(sound, write):
    """Time begins anew in the second stream, which is longer than the first."""
    path = write("a.ogg", sound(2.0))
    path.write_bytes(path.read_bytes() + write("b.ogg", sound(5.0, seed=1)).read_bytes())
    with open_audio(path) as reader:
        whole = np.concatenate(list(reader.blocks()), axis=1)
        assert whole.shape[1] == pytest.approx(7 * RATE, abs=1024)
        for start in (RATE, 3 * RATE, 4 * RATE, 6 * RATE):
            stretch = np.concatenate(list(reader.blocks(start / RATE, start / RATE + 0.5)), axis=1)
            np.testing.assert_allclose(stretch, whole[:, start : start + RATE // 2], atol=1e-6)
