"""Names of audio formats: file extensions, media types, and what a browser plays by itself."""

from pathlib import PurePath

__all__ = ["EXTENSIONS", "is_audio_name", "media_type", "playable_in_browser"]

_PURE_SOUND = (
    "aac ac3 aif aifc aiff amr ape au caf dsf dts eac3 flac m4a m4b mka mp2 mp3 mpc oga ogg opus "
    "rf64 snd sph tak tta voc w64 wav wave wma wv"
)
_WITH_PICTURES = "3g2 3gp asf avi flv m2ts m4v mkv mov mp4 mpeg mpg mts ogv webm wmv"

EXTENSIONS: frozenset[str] = frozenset(
    f".{name}" for name in f"{_PURE_SOUND} {_WITH_PICTURES}".split()
)
"""What a folder is searched for, in lower case and with the dot."""

_MEDIA_TYPES = {
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "au": "audio/basic",
    "caf": "audio/x-caf",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "mkv": "video/x-matroska",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "webm": "audio/webm",
    "wma": "audio/x-ms-wma",
}
_PLAYABLE = frozenset({"aac", "flac", "m4a", "mp3", "ogg", "opus", "wav", "webm"})
_PLAYABLE_RATES_HZ = (3_000, 192_000)  # Chromium refuses slower sound, others refuse faster
_PLAYABLE_CHANNELS = 8


def is_audio_name(name: str) -> bool:
    """Tell whether a file name ends like a sound or a video, in any case.

    Examples
    --------
    >>> is_audio_name("Door Slam.WAV")
    True
    >>> is_audio_name("notes.txt")
    False
    """
    return PurePath(name).suffix.lower() in EXTENSIONS


def media_type(format: str) -> str:
    """Name the media type (RFC 6838) of a format, for the ``Content-Type`` header.

    Parameters
    ----------
    format : str
        As in `Reader.format`, such as ``"mp3"`` or ``"wav-double"``.

    Returns
    -------
    str
        ``"application/octet-stream"`` where no other is known.

    Examples
    --------
    >>> media_type("mp3")
    'audio/mpeg'
    """
    return _MEDIA_TYPES.get(format.partition("-")[0], "application/octet-stream")


def playable_in_browser(format: str, *, sample_rate: int, channels: int) -> bool:
    """Tell whether today's browsers play such a file as it is.

    Parameters
    ----------
    format : str
        As in `Reader.format`. A variant such as ``"wav-double"`` is not played.
    sample_rate : int
        In Hz; 3 to 192 kHz are played.
    channels : int
        At most 8 are played.

    Returns
    -------
    bool
        False for formats that only some browsers know; `clip` and `encode` serve those.

    Examples
    --------
    >>> playable_in_browser("flac", sample_rate=44_100, channels=2)
    True
    >>> playable_in_browser("wav", sample_rate=384_000, channels=1)
    False
    """
    slowest, fastest = _PLAYABLE_RATES_HZ
    return (
        format in _PLAYABLE and slowest <= sample_rate <= fastest and channels <= _PLAYABLE_CHANNELS
    )
