"""Fragmented MP4 taken apart."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.errors import InvalidInput
from mediad.recorder.hls.boxes import MAX_BOX_BYTES, Run, Splitter


def box(kind: str, *body: bytes) -> bytes:
    inside = b"".join(body)
    return struct.pack(">I4s", 8 + len(inside), kind.encode()) + inside


def full(kind: str, flags: int, *fields: int) -> bytes:
    return box(kind, struct.pack(f">{1 + len(fields)}I", flags, *fields))


def moof(*trafs: bytes) -> bytes:
    return box("moof", full("mfhd", 0, 1), *trafs)


def traf(track_id: int, *durations: int) -> bytes:
    sizes = [field for duration in durations for field in (duration, 7)]
    return box("traf", full("tfhd", 0x20000, track_id), full("trun", 0x301, len(durations), 0, *sizes))


INIT = box("ftyp", b"iso5") + box("moov", b"tracks")
PAIR = moof(traf(1, 3000, 3000), traf(2, 960)) + box("mdat", b"frames")


def test_the_beginning_and_the_fragments() -> None:
    splitter = Splitter()
    fragments = splitter.feed(INIT + PAIR + PAIR)
    assert splitter.init == INIT
    assert [fragment.data for fragment in fragments] == [PAIR, PAIR]
    assert fragments[0].runs == {1: Run(6000, True), 2: Run(960, True)}


def test_a_default_duration_counts_for_each_sample() -> None:
    run = full("trun", 0x201, 3, 0, 7, 7, 7)
    header = full("tfhd", 0x28, 4, 512, 99)  # default duration and flags
    (fragment,) = Splitter().feed(moof(box("traf", header, run)) + box("mdat"))
    assert fragment.runs == {4: Run(3 * 512, True)}


@pytest.mark.parametrize(
    "traf_boxes",
    [
        full("tfhd", 0x20020, 1, 0x1010000) + full("trun", 0x201, 1, 0, 7),  # by default
        full("tfhd", 0x20000, 1) + full("trun", 0x205, 1, 0, 0x1010000, 7),  # the first one's
        full("tfhd", 0x20000, 1) + full("trun", 0x601, 1, 0, 7, 0x1010000),  # each one's
    ],
)
def test_a_run_that_begins_within_a_group_of_pictures_is_known(traf_boxes: bytes) -> None:
    (fragment,) = Splitter().feed(moof(box("traf", traf_boxes)) + box("mdat"))
    assert not fragment.runs[1].begins_with_sync


@given(st.lists(st.integers(1, 40), max_size=20))
def test_the_bytes_may_come_in_any_pieces(cuts: list[int]) -> None:
    stream, splitter, fragments = INIT + PAIR + PAIR, Splitter(), []
    for cut in [*cuts, len(stream)]:
        piece, stream = stream[:cut], stream[cut:]
        fragments += splitter.feed(piece)
    assert splitter.init == INIT
    assert len(fragments) == 2


def test_what_is_no_mp4_is_refused() -> None:
    with pytest.raises(InvalidInput, match="a box of 3 bytes"):
        Splitter().feed(struct.pack(">I4s", 3, b"moov"))
    with pytest.raises(InvalidInput, match="a box of"):
        Splitter().feed(struct.pack(">I4s", MAX_BOX_BYTES + 1, b"mdat"))
    with pytest.raises(InvalidInput, match="samples in a box"):
        Splitter().feed(moof(box("traf", full("tfhd", 0, 1), full("trun", 0x301, 10**6, 0))) + box("mdat"))


@given(st.binary(max_size=200))
def test_nothing_but_invalid_input_is_raised(body: bytes) -> None:
    splitter = Splitter()
    for data in (body, box("moof", box("traf", body)) + box("mdat"), box("moof", body) + box("mdat")):
        try:
            splitter.feed(data)
        except InvalidInput:
            splitter = Splitter()
