"""What `info` says of one recording."""

import json

import pytest

from tonotopy.cli.app import app
from tonotopy.errors import NotInLibrary
from tonotopy.maintain import describe_recording


def test_what_was_measured_of_a_recording_is_said(heard, tones):
    what = describe_recording(heard, tones / "middle" / "middle_anna_0.wav")
    assert (what.duration_s, what.sample_rate, what.labels) == (0.5, 16_000, ["middle"])
    assert what.aspects["pitch_hz"] == pytest.approx(900, rel=0.003)
    assert what.aspects["onsets_per_s"] == 0


def test_what_has_not_been_measured_is_none(heard, tones):
    with heard.write() as connection:
        connection.exec_driver_sql("DELETE FROM recording_aspects")
    assert describe_recording(heard, tones / "low" / "low_anna_0.wav").aspects is None


def test_a_file_that_the_library_does_not_hold_is_refused(heard, tmp_path):
    with pytest.raises(NotInLibrary, match=r"other\.wav is not in this library; add it"):
        describe_recording(heard, tmp_path / "other.wav")


def test_the_command_prints_what_is_known(heard, tones, capsys):
    path = str(tones / "high" / "high_anna_0.wav")
    arguments = ["info", path, "-L", str(heard.path)]
    app(arguments, standalone_mode=False)
    printed = capsys.readouterr().out
    assert "0.5 s, 16000 Hz, 1 channel, wav" in printed
    assert float(printed.split("pitch_hz: ")[1].split()[0]) == pytest.approx(3000, rel=0.003)
    app([*arguments, "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["aspects"]["voicing"] > 0.5
