"""Real files, encoded here by libsndfile and FFmpeg."""

import av
import numpy as np
import pytest
import soundfile

RATE = 44_100


@pytest.fixture(scope="session")
def sound():
    """Make a varied sound of shape (channels, n): a sweep, a beat and some noise."""

    def make(seconds=5.0, channels=2, rate=RATE, seed=0):
        rng = np.random.default_rng(seed)
        time = np.arange(round(seconds * rate)) / rate
        rows = [
            0.3 * np.sin(2 * np.pi * (200 + 60 * channel + 300 * time) * time)
            + 0.2 * np.sin(2 * np.pi * 3000 * time) * (np.sin(2 * np.pi * 2.7 * time) > 0)
            + 0.02 * rng.standard_normal(len(time))
            for channel in range(channels)
        ]
        return np.array(rows, np.float32).reshape(channels, -1)

    return make


@pytest.fixture
def write(tmp_path):
    """Write samples of shape (channels, n) with libsndfile; the extension names the format."""

    def to_file(name, samples, rate=RATE, **options):
        path = tmp_path / name
        with path.open("wb") as file:
            soundfile.write(file, samples.T, rate, **options)
        return path

    return to_file


def encode_with_ffmpeg(path, codec, samples, rate=RATE, layout="stereo", video=False, **options):
    """Encode samples of shape (channels, n) with PyAV, optionally beside a moving picture."""
    container_options = options.pop("container_options", {})
    with av.open(str(path), "w", options=container_options) as container:
        if video:
            picture = container.add_stream("mpeg4", rate=25)
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.layout = layout
        stream.bit_rate = 128_000
        stream.format = stream.codec_context.codec.audio_formats[0]
        converter = av.AudioResampler(format=stream.format.name, layout=layout, rate=rate)
        if video:
            for shade in range(0, 250, 10):
                image = av.VideoFrame.from_ndarray(
                    np.full((48, 64, 3), shade, np.uint8), format="rgb24"
                )
                container.mux(picture.encode(image.reformat(format="yuv420p")))
            container.mux(picture.encode(None))
        for start in range(0, samples.shape[1], 1024):
            piece = np.ascontiguousarray(samples[:, start : start + 1024].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(piece, format="flt", layout=layout)
            frame.sample_rate, frame.pts = rate, start
            for converted in converter.resample(frame):
                container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def encode_av(tmp_path):
    """Encode with FFmpeg to a file in a temporary folder; its extension names the container."""

    def to_file(name, codec, samples, rate=RATE, **options):
        return encode_with_ffmpeg(tmp_path / name, codec, samples, rate, **options)

    return to_file


@pytest.fixture
def read():
    """Read a whole file: samples of shape (channels, n) and the reader, closed."""
    from tonotopy.audio import open_audio

    def whole(path, *stretch, **options):
        with open_audio(path) as reader:
            blocks = list(reader.blocks(*stretch, **options))
        samples = np.concatenate(blocks, axis=1) if blocks else np.empty((reader.channels, 0))
        return samples, reader

    return whole
