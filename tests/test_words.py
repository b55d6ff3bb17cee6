"""Words and labels out of file names."""

import re
import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tonotopy.words import label_from_pattern, split_words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("DoorSlam_03-metal.wav", "door slam 03 metal"),
        ("door slam.mp3", "door slam"),
        ("kick01.aiff", "kick 01"),
        ("808Kick", "808 kick"),
        ("HTTPServer", "http server"),
        ("BPM120", "bpm 120"),
        ("loopA", "loop a"),
        ("AMinor", "a minor"),
        ("RAIN", "rain"),
        ("r.a.i.n", "r a i n"),
        ("dr.who", "dr who"),
        ("take 1.5", "take 1 5"),
        ("wav.wav", "wav"),
        ("", ""),
        ("___", ""),
        (".wav", ""),
        ("Tür_öffnen.OGG", "tür öffnen"),
        ("Straße", "strasse"),
        ("ДверьСкрип2", "дверь скрип 2"),
        ("東京Door3", "東京 door 3"),
        ("ドアー", "ドアー"),
        ("ﬁre", "fire"),
        ("ＤｏｏｒＳｌａｍ", "door slam"),
        ("bark🐶loud", "bark loud"),
        ("दरवाज़ा", unicodedata.normalize("NFKC", "दरवाज़ा")),
        ("caf\udce9_door", "caf door"),
    ],
)
def test_a_name_falls_into_the_words_a_person_reads(name: str, words: str):
    assert split_words(name) == words.split()


def test_composed_and_decomposed_letters_give_the_same_words():
    assert split_words("Türöffner") == split_words(unicodedata.normalize("NFD", "Türöffner"))


@given(st.text())
def test_words_are_never_empty_and_hold_no_space_or_punctuation(name: str):
    for word in split_words(name):
        assert word
        assert {unicodedata.category(char)[0] for char in word} <= set("LNM")


@given(st.text(alphabet="aB1_- é東", max_size=20))
@example("aBc")
def test_words_split_again_stay_as_they_are(name: str):
    words = split_words(name)
    assert split_words(" ".join(words)) == words


@pytest.mark.parametrize(
    ("pattern", "stem", "found"),
    [
        ("{label}", "door", {"label": "door"}),
        ("{label}_{take}", "door_03", {"label": "door", "take": "03"}),
        ("{label}_{take}", "door_03_b", {"label": "door", "take": "03_b"}),
        ("{label}_{take}", "door", None),
        ("{label}_{take}", "_03", None),
        ("{label}_{take}", "door_", None),
        ("{label}_{take}", "__b", {"label": "_", "take": "b"}),
        ("{label}-take", "door-take", {"label": "door"}),
        ("{label}-take", "door-take-take", {"label": "door-take"}),
        ("{label}-take", "door-take2", None),
        ("rec {label}", "rec door", {"label": "door"}),
        ("rec {label}", "old rec door", None),
        ("{a} -- {b}x", "1 -- 2xx", {"a": "1", "b": "2x"}),
        ("{label}.*[{take}]+?", "door.*[3]+?", {"label": "door", "take": "3"}),
        ("{label}.*{take}", "door_03", None),
        (r"{label}\d{take}", r"door\d3", {"label": "door", "take": "3"}),
        ("({label}|{take})^$", "(door|3)^$", {"label": "door", "take": "3"}),
        ("{{{label}}}", "{door}", {"label": "door"}),
        ("{größe.2-x} {take}", "5 3", {"größe.2-x": "5", "take": "3"}),
        ("{label}_{take}", "do\nor_3", {"label": "do\nor", "take": "3"}),
        ("{label}", "", None),
    ],
)
def test_a_pattern_finds_its_fields_or_nothing(pattern: str, stem: str, found):
    assert label_from_pattern(pattern, stem) == found


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("", "it has no field"),
        ("label_take", "it has no field"),
        ("{}_{take}", "a field is a name of letters, digits and _ . -, not ''"),
        ("{0}", "not '0'"),
        ("{a b}", "not 'a b'"),
        ("{label!r}", "a field is a name"),
        ("{label:03}", "a field is a name"),
        ("{label}_{label}", "the field 'label' occurs twice"),
        ("{label}{take}", "two fields need some text between them"),
        ("{label", "for a brace"),
        ("label}", "for a brace"),
    ],
)
def test_a_wrong_pattern_is_refused_with_an_example(pattern: str, problem: str):
    with pytest.raises(ValueError) as caught:
        label_from_pattern(pattern, "door_03")
    assert problem in str(caught.value)
    assert "'{label}_{speaker}_{take}'" in str(caught.value)


literals = st.text(alphabet="ab.*", min_size=1, max_size=2)


@given(
    texts=st.lists(literals, min_size=1, max_size=3),
    ends=st.tuples(st.just("") | literals, st.just("") | literals),
    stem=st.text(alphabet="ab.*", max_size=12),
)
def test_a_pattern_finds_what_a_regular_expression_would(texts, ends, stem):
    names = [f"field{number}" for number in range(len(texts) + 1)]
    joints = [*texts, ends[1]]
    pairs = list(zip(names, joints, strict=True))
    pattern = ends[0] + "".join(f"{{{name}}}{text}" for name, text in pairs)
    expression = re.escape(ends[0]) + "".join(
        f"(?P<{name}>.+{'' if name == names[-1] else '?'}){re.escape(text)}" for name, text in pairs
    )
    match = re.fullmatch(expression, stem)
    assert label_from_pattern(pattern, stem) == (match and match.groupdict())


def test_a_long_name_that_almost_fits_is_refused_at_once():
    pattern = "-".join(f"{{field{number}}}" for number in range(12)) + "x"
    began = time.process_time()
    assert label_from_pattern(pattern, "a-" * 2000) is None
    assert time.process_time() - began < 0.1  # a backtracking expression would take years
