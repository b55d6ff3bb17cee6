"""Sound files: decoding, mixing, resampling, waveforms and clips.

Samples are float32 of shape (n_channels, n), nominally in [-1, 1]; times are seconds from the
beginning of the sound.
"""

from tonotopy.audio.clips import clip, encode
from tonotopy.audio.content import content_hash
from tonotopy.audio.formats import EXTENSIONS, is_audio_name, media_type, playable_in_browser
from tonotopy.audio.listening import Info, Listening, listen
from tonotopy.audio.mixing import mix
from tonotopy.audio.peaks import Overview, Peaks
from tonotopy.audio.reader import Reader, open_audio
from tonotopy.audio.resampling import Resampler

__all__ = [
    "EXTENSIONS",
    "Info",
    "Listening",
    "Overview",
    "Peaks",
    "Reader",
    "Resampler",
    "clip",
    "content_hash",
    "encode",
    "is_audio_name",
    "listen",
    "media_type",
    "mix",
    "open_audio",
    "playable_in_browser",
]
