"""The playlist as players read it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediad.recorder.hls.playlist import Part, Playlist, map_name

NOON_S = 1_700_000_000.0


def playlist(keep: int = 3) -> Playlist:
    return Playlist(segment_s=4, part_s=0.5, keep=keep)


def grow(stream: Playlist, parts: int = 2, map_number: int = 0, *, discontinuity: bool = False) -> list[int]:
    gone = stream.begin(map_number, NOON_S, discontinuity=discontinuity)
    for index in range(parts):
        stream.add(Part(0.5, index * 100, 100, independent=index == 0))
    return [segment.number for segment in gone]


def test_the_text() -> None:
    stream = playlist()
    grow(stream)
    grow(stream, parts=1)
    assert stream.text() == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:9\n"
        "#EXT-X-TARGETDURATION:4\n"
        "#EXT-X-PART-INF:PART-TARGET=0.500\n"
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        '#EXT-X-MAP:URI="init-0.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000+00:00\n"
        '#EXT-X-PART:DURATION=0.50000,URI="0.m4s",BYTERANGE="100@0",INDEPENDENT=YES\n'
        '#EXT-X-PART:DURATION=0.50000,URI="0.m4s",BYTERANGE="100@100"\n'
        "#EXTINF:1.00000,\n"
        "0.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000+00:00\n"
        '#EXT-X-PART:DURATION=0.50000,URI="1.m4s",BYTERANGE="100@0",INDEPENDENT=YES\n'
    )
    assert stream.newest == (1, 0)


def test_old_segments_go_and_are_named() -> None:
    stream = playlist()
    gone = [number for _ in range(6) for number in grow(stream)]
    assert gone == [0, 1]
    text = stream.text()
    assert "#EXT-X-MEDIA-SEQUENCE:2\n" in text
    assert text.count("#EXTINF") == 3
    assert '2.m4s",BYTERANGE' not in text, "parts of old segments are told no longer"
    assert stream.kept_bytes == 4 * 200


def test_a_discontinuity_is_told_and_counted_when_it_goes() -> None:
    stream = playlist()
    grow(stream)
    grow(stream, map_number=1, discontinuity=True)
    text = stream.text()
    assert f'#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="{map_name(1)}"' in text
    for _ in range(4):
        grow(stream, map_number=1)
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:1\n" in stream.text()
    assert "#EXT-X-DISCONTINUITY\n" not in stream.text()


def test_a_segment_without_parts_is_withdrawn_and_its_discontinuity_is_not_lost() -> None:
    stream = playlist()
    grow(stream)
    grow(stream, parts=0, map_number=1, discontinuity=True)
    grow(stream, map_number=2)
    assert '#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-2.mp4"' in stream.text()
    assert stream.newest == (1, 1)


def test_the_end_is_told() -> None:
    stream = playlist()
    grow(stream)
    stream.end()
    assert stream.text().endswith("0.m4s\n#EXT-X-ENDLIST\n")
    assert playlist().newest == (-1, -1)


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=30), st.integers(0, 6))
def test_what_is_told_is_numbered_in_a_row_and_bounded(steps: list[tuple[int, bool]], keep: int) -> None:
    stream = playlist(keep)
    for parts, discontinuity in steps:
        grow(stream, parts, discontinuity=discontinuity)
        names = [line for line in stream.text().splitlines() if line.endswith(".m4s")]
        numbers = [int(name.removesuffix(".m4s")) for name in names]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
        assert len(numbers) <= max(3, keep) + 1
