"""Which folder holds which kind of sound, and which folders hold none that can be named.

Every leaf folder with eight files or more stands in exactly one of the two tables. Folders that
hold the same kind are one class. Paths are relative to the folder that `make_manifest.py` is given.
"""

from collections.abc import Mapping

__all__ = ["KINDS", "LEFT_OUT"]

_DIRT = "pool/dirt/"
_ORCHESTRA = "pool/philh/"

_DRUM_MACHINES = (
    *("auto", "db", "drumtraks", "electro1", "hardcore", "hh", "hh27", "incoming", "odx", "tech"),
)

_ENVIRONMENT = {
    "baby cry": (
        "esc10/baby_cry",
        "pool/donate/belly_pain",
        "pool/donate/burping",
        "pool/donate/discomfort",
        "pool/donate/hungry",
        "pool/donate/tired",
    ),
    "chainsaw": ("esc10/chainsaw",),
    "clock tick": ("esc10/clock_tick",),
    "dog bark": ("esc10/dog_bark",),
    "fire crackling": ("esc10/fire_crackling",),
    "helicopter": ("esc10/helicopter",),
    "person sneeze": ("esc10/person_sneeze",),
    "rain": ("esc10/rain", "pool/moodist/rain"),
    "rooster": ("esc10/rooster",),
    "sea waves": ("esc10/sea_waves",),
}

_INSTRUMENTS = {
    name.replace("_", " "): (_ORCHESTRA + name,)
    for name in (
        *("banjo", "bass_clarinet", "bassoon", "cello", "clarinet", "contrabassoon"),
        *("cor_anglais", "double_bass", "flute", "french_horn", "guitar", "mandolin", "oboe"),
        *("saxophone", "trombone"),
    )
}

_ONE_SHOTS = {
    kind: tuple(_DIRT + folder for folder in folders)
    for kind, folders in {
        "acoustic drum kit": ("gretsch",),
        "arcade machine": ("tacscan",),
        "arpeggio note": ("arpy",),
        "bass": ("bass1", "bass3", "jvbass"),
        "bird": ("birds",),
        "bleep": ("bleep",),
        "can": ("can",),
        "drum computer": ("dr",),
        "drum machine": _DRUM_MACHINES,
        "flick": ("flick",),
        "home computer chip": ("sid",),
        "industrial percussion": ("industrial",),
        "kick drum": ("bassdm", "popkick"),
        "lighter": ("lighter",),
        "modern drum": ("future",),
        "muted horn": ("mute",),
        "plucked synthesizer": ("pluck",),
        "polyphonic synthesizer": ("juno",),
        "printer": ("print",),
        "space": ("space",),
        "speech fragment": ("diphone", "diphone2"),
        "spoken number": ("num",),
        "spoken syllable": ("speechless",),
        "stab": ("stab",),
        "stomp": ("stomp",),
        "synthesizer note": ("newnotes", "notes"),
        "taiko": ("east",),
        "tom drum": ("mt",),
        "trumpet stab": ("trump",),
        "wind": ("wind",),
    }.items()
}

_GAMES_AND_VOICES = {
    "footstep on carpet": ("pool/cdda/plmove/walk_t_carpet",),
    "footstep in grass": ("pool/cdda/plmove/walk_t_grass_long",),
    "hand tool": ("pool/cdda/tool",),
    "mad voice": ("pool/cdda/speech/ferals",),
    "shooter game": ("pool/freedoom/sounds",),
    "music": ("pool/pyaa/pytests/test_data/3_class/music",),
    "speech": (
        "pool/pyaa/pyAudioAnalysis/data/speechEmotion",
        "pool/pyaa/pytests/test_data/3_class/speech",
    ),
}

#: class -> its folders
KINDS: Mapping[str, tuple[str, ...]] = {
    **_ENVIRONMENT,
    **_INSTRUMENTS,
    **_ONE_SHOTS,
    **_GAMES_AND_VOICES,
}

#: folder -> why its name is no kind of sound
LEFT_OUT: Mapping[str, str] = {
    "pool/blanket": "a program's name; each file is another sound",
    "pool/librosa": "a program's name; each file is another sound, most of them twice",
    "pool/moodist/animals": "a category; dogs and birds in it are classes of their own",
    "pool/moodist/nature": "a category; wind, waves and fire in it are classes of their own",
    "pool/moodist/places": "places, each with another sound",
    "pool/moodist/things": "things, each with another sound",
    "pool/pyaa/pytests/test_data/3_class/silence": "named by the absence of a sound",
    "pool/sonicpi": "a program's name; each file is another sound",
}
