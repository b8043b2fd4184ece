"""The plan of a composition."""

from __future__ import annotations

from mediad.ctl.grid import Clip, arguments, length_s

ANA = Clip("ana.mkv", ("ana", "camera"), 100.0, 10.0, video=True, audio=True)
BEN = Clip("ben.mkv", ("ben", "camera"), 102.5, 4.0, video=True, audio=True)
BACK = Clip("ben.2.mkv", ("ben", "camera"), 108.0, 6.0, video=True, audio=False)
VOICE = Clip("cleo.mkv", ("cleo", "camera"), 101.0, 2.0, video=False, audio=True)


def graph(*clips: Clip) -> str:
    given = arguments(clips, "out.mp4")
    return given[given.index("-filter_complex") + 1]


def test_it_lasts_from_the_first_beginning_to_the_last_end() -> None:
    assert length_s([BEN, ANA]) == 10.0
    assert length_s([ANA, BACK]) == 14.0


def test_each_file_begins_when_it_was_recorded() -> None:
    given = arguments([BEN, ANA], "out.mp4")
    offsets = [given[i + 1] for i, word in enumerate(given) if word == "-itsoffset"]
    assert offsets == ["2.500000", "0.000000"]
    assert given[-1] == "out.mp4"


def test_two_share_a_row_and_who_comes_back_has_the_same_cell() -> None:
    chains = graph(ANA, BEN, BACK)
    assert "overlay=0:0:eof_action=pass:enable='between(t,0.000,10.000)'" in chains
    assert "overlay=640:0:eof_action=pass:enable='between(t,2.500,6.500)'" in chains
    assert "overlay=640:0:eof_action=pass:enable='between(t,8.000,14.000)'[grid]" in chains
    assert "scale=640:720" in chains


def test_five_have_two_rows_of_three() -> None:
    clips = [Clip(f"{i}", (f"{i}", "camera"), 0.0, 1.0, video=True, audio=False) for i in range(5)]
    chains = graph(*clips)
    assert "overlay=852:0:" in chains
    assert "overlay=426:360:" in chains
    assert "amix" not in chains


def test_without_pictures_there_is_sound_alone() -> None:
    given = arguments([VOICE], "out.mp4")
    assert "[0:a:0]aresample=48000:async=1:first_pts=0[sound0];[sound0]amix=inputs=1" in graph(VOICE)
    assert "[grid]" not in given
