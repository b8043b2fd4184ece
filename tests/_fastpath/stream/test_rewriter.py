"""A consumer's numbers over drops, late packets, pauses and switches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.arrivals import disordered
from tests.windows.rewriting import Rewriter

# A row is (verb, input sequence number, output sequence number or None). Timestamps are 10 times the input.
Row = tuple[str, int, int | None]

SEQUENCES: dict[str, list[Row]] = {
    "nothing maps before the first sync": [("map", 5, None), ("sync", 5, None), ("map", 5, 1000)],
    "in order": [("sync", 5, None), ("map", 5, 1000), ("map", 6, 1001), ("map", 7, 1002)],
    "a gap of the source stays a gap": [("sync", 5, None), ("map", 5, 1000), ("map", 9, 1004)],
    "late from a gap": [("sync", 5, None), ("map", 5, 1000), ("map", 9, 1004), ("map", 7, 1002)],
    "a drop closes up": [("sync", 5, None), ("map", 5, 1000), ("drop", 6, None), ("map", 7, 1001)],
    "late between two drops": [
        ("sync", 1, None),
        ("map", 1, 1000),
        ("drop", 2, None),
        ("drop", 4, None),
        ("map", 6, 1003),
        ("map", 3, 1001),
        ("map", 5, 1002),
        ("map", 2, None),
    ],
    "before the segment": [("sync", 5, None), ("map", 5, 1000), ("map", 4, None), ("drop", 4, None)],
    "a pause leaves no gap": [
        ("sync", 5, None),
        ("map", 5, 1000),
        ("map", 6, 1001),
        ("sync", 900, None),
        ("map", 900, 1002),
        ("map", 899, None),
        ("map", 901, 1003),
    ],
    "a switch to a stream with lower numbers": [
        ("sync", 70_000, None),
        ("map", 70_000, 1000),
        ("map", 70_003, 1003),
        ("sync", 12, None),
        ("map", 12, 1004),
        ("map", 13, 1005),
    ],
    "a segment's last number was late": [
        ("sync", 5, None),
        ("map", 8, 1003),
        ("map", 6, 1001),
        ("sync", 20, None),
        ("map", 20, 1004),
    ],
    "a sync at once after a sync hands out the number again": [
        ("sync", 5, None),
        ("sync", 30, None),
        ("map", 30, 1000),
    ],
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequence_numbers(name: str) -> None:
    rewriter = Rewriter(first_output=1000)
    for verb, sequence, expected in SEQUENCES[name]:
        if verb == "map":
            out = rewriter.map(sequence, 10 * sequence)
            assert (out and out[0]) == expected, (verb, sequence)
        else:
            getattr(rewriter, verb)(sequence, *([10 * sequence] if verb == "sync" else []))


def test_sequence_numbers_wrap() -> None:
    rewriter = Rewriter(first_output=65534)
    rewriter.sync(2**32 + 65530, 0)
    inputs = range(2**32 + 65530, 2**32 + 65550)
    outputs = [rewriter.map(sequence, 0)[0] for sequence in inputs]
    assert outputs == [65534, 65535, *range(18)]
    assert rewriter.map(2**32 + 65531, 0)[0] == 65535


def test_the_first_output_may_be_zero() -> None:
    rewriter = Rewriter(first_output=0)
    rewriter.sync(77, 0)
    assert rewriter.map(77, 0)[0] == 0


def test_timestamps_go_on_by_the_step() -> None:
    rewriter = Rewriter(first_timestamp=2**32 - 100)
    rewriter.sync(1, 5000, 777, now_us=1)
    assert rewriter.map(1, 5000, now_us=1)[1] == 2**32 - 100
    assert rewriter.map(2, 5300, now_us=2)[1] == 200
    assert rewriter.highest_timestamp == (200, 2)
    assert rewriter.map(3, 5000, now_us=3)[1] == 2**32 - 100
    assert rewriter.highest_timestamp == (200, 2)
    rewriter.sync(90, 4_000_000_000, 3000, now_us=9)
    assert rewriter.highest_timestamp == (3200, 9)
    assert rewriter.map(90, 4_000_000_000, now_us=9)[1] == 3200
    assert rewriter.map(91, 4_000_000_000, now_us=10)[1] == 3200
    assert rewriter.highest_timestamp == (3200, 9)


def times(rewriter: Rewriter, first: int) -> list[int]:
    """Timestamps of six pictures 3000 apart, the first of which is the segment's."""
    return [rewriter.map(90 + n, first + 3000 * n)[1] for n in range(6)]


def test_pictures_older_than_the_last_one_sent_are_squeezed_behind_it() -> None:
    rewriter = Rewriter(first_timestamp=0)
    rewriter.sync(1, 0)
    rewriter.map(2, 9000)
    rewriter.sync(90, 50_000, -6000)
    assert times(rewriter, 50_000) == [9001, 9094, 9188, 12_000, 15_000, 18_000]
    assert rewriter.map(91, 53_000)[1] == 9094


def test_a_segment_from_the_store_is_squeezed_up_to_the_present() -> None:
    rewriter = Rewriter(first_timestamp=0)
    rewriter.sync(1, 0)
    rewriter.map(2, 9000)
    rewriter.sync(90, 50_000, 3000, age=9000)
    assert times(rewriter, 50_000) == [21_000, 21_093, 21_187, 21_281, 24_000, 27_000]


def test_the_very_first_segment_may_come_from_the_store() -> None:
    rewriter = Rewriter(first_timestamp=1000)
    rewriter.sync(90, 50_000, age=6000)
    assert times(rewriter, 50_000) == [1000, 1093, 1187, 4000, 7000, 10_000]


def test_squeezing_does_not_add_up() -> None:
    """The place in time counts, not the timestamp a picture was given instead."""
    rewriter = Rewriter(first_timestamp=0)
    rewriter.sync(1, 0)
    rewriter.map(2, 90_000)
    for _ in range(5):
        rewriter.sync(90, 50_000, -6000)  # the same picture again: its place moves back each time
    assert times(rewriter, 50_000)[-1] == 90_005 + 5 * 3000 // 32


def test_a_step_of_nothing_still_moves_the_timestamp() -> None:
    rewriter = Rewriter(first_timestamp=50)
    rewriter.sync(1, 0)
    rewriter.sync(9, 0, 0)
    assert rewriter.map(9, 0)[1] == 51


def test_nothing_maps_while_not_synced() -> None:
    rewriter = Rewriter()
    rewriter.sync(1, 0)
    rewriter.map(1, 0)
    rewriter.unsync()
    assert rewriter.map(2, 0) is None
    rewriter.drop(3)
    rewriter.sync(4, 0)
    assert rewriter.map(4, 0)[0] == 1001


def test_audio_needs_no_description() -> None:
    rewriter = Rewriter(clock_rate=48000)
    rewriter.sync(1, 0, described=False)
    assert rewriter.map(1, 0, described=False) == (1000, 0, 0, 0)
    rewriter.drop(2, described=False, frame=True)
    assert rewriter.map(3, 960, described=False) == (1001, 960, 0, 0)


def test_a_late_packet_tells_whether_dropping_it_leaves_a_hole() -> None:
    rewriter = Rewriter()
    assert not rewriter.leaves_hole(1)
    rewriter.sync(5, 0)
    assert not rewriter.leaves_hole(5)
    rewriter.map(5, 0)
    rewriter.map(8, 0)
    rewriter.drop(9)
    assert [rewriter.leaves_hole(sequence) for sequence in (4, 6, 7, 8, 9, 10)] == [
        False,
        True,
        True,
        *[False] * 3,
    ]


# -- VP8 -----------------------------------------------------------------------------------------------------

MASKS = {7: 0x7F, 15: 0x7FFF}


def pictures(rewriter: Rewriter, bits: int, rows: list[tuple[str, int, int]]) -> list[int | None]:
    """Rows of (verb, sequence, picture); the output picture ids of the maps."""
    found: list[int | None] = []
    for verb, sequence, picture in rows:
        picture &= MASKS[bits]
        if verb == "sync":
            rewriter.sync(sequence, 0, picture=picture, bits=bits)
        elif verb == "drop":
            rewriter.drop(sequence, picture=picture, bits=bits, frame=True)
        else:
            out = rewriter.map(sequence, 0, picture=picture, bits=bits)
            found.append(out and out[2])
    return found


@pytest.mark.parametrize("bits", MASKS)
def test_picture_ids_close_up_and_wrap(bits: int) -> None:
    top = MASKS[bits]
    rows = [
        ("sync", 1, top - 1),
        ("map", 1, top - 1),
        ("drop", 2, top),
        ("map", 3, top + 1),
        ("map", 4, top + 2),
    ]
    assert pictures(Rewriter(), bits, rows) == [top - 1, top, 0]


@pytest.mark.parametrize("bits", MASKS)
def test_a_dropped_picture_counts_once_however_many_packets_it_has(bits: int) -> None:
    rows = [("sync", 1, 5), ("map", 1, 5), ("drop", 2, 6), ("drop", 3, 6), ("drop", 4, 6), ("map", 5, 7)]
    assert pictures(Rewriter(), bits, rows) == [5, 6]


@pytest.mark.parametrize("bits", MASKS)
def test_a_late_packet_has_the_picture_id_of_its_picture(bits: int) -> None:
    rows = [
        ("sync", 1, 5),
        ("map", 1, 5),
        ("drop", 3, 6),  # 2 belongs to picture 5 as well and is late
        ("map", 4, 7),
        ("drop", 6, 8),  # 5 belongs to picture 7
        ("map", 7, 9),
        ("map", 2, 5),
        ("map", 5, 7),
        ("map", 8, 9),
    ]
    assert pictures(Rewriter(), bits, rows) == [5, 6, 7, 5, 6, 7]


@pytest.mark.parametrize("bits", MASKS)
def test_a_picture_of_which_a_part_went_out_keeps_its_id(bits: int) -> None:
    rows = [("sync", 1, 5), ("map", 1, 5), ("map", 2, 6), ("drop", 3, 6), ("map", 4, 7)]
    assert pictures(Rewriter(), bits, rows) == [5, 6, 7]


@pytest.mark.parametrize("bits", MASKS)
def test_a_switch_continues_picture_ids(bits: int) -> None:
    top = MASKS[bits]
    rows = [("sync", 1, top), ("map", 1, top), ("sync", 9000, 44), ("map", 9000, 44), ("map", 9001, 45)]
    assert pictures(Rewriter(), bits, rows) == [top, 0, 1]


def test_seven_bits_survive_a_hundred_lost_pictures() -> None:
    rows = [
        ("sync", 1, 0),
        ("map", 1, 0),
        ("drop", 2, 1),
        ("map", 300, 100),
        ("map", 298, 99),
        ("map", 301, 101),
    ]
    assert pictures(Rewriter(), 7, rows) == [0, 99, 98, 100]


def test_an_encoder_that_starts_its_ids_anew_is_followed() -> None:
    rows = [
        ("sync", 1, 500),
        ("map", 1, 500),
        ("drop", 2, 501),
        ("map", 3, 20),
        ("map", 4, 21),
        ("map", 5, 21),
    ]
    assert pictures(Rewriter(), 15, rows) == [500, 19, 20, 20]


def test_a_segment_whose_ids_begin_late_continues_too() -> None:
    rewriter = Rewriter()
    rewriter.sync(1, 0, picture=8)
    assert rewriter.map(1, 0, picture=8)[2] == 8
    rewriter.sync(50, 0)
    assert rewriter.map(50, 0)[2] == 0
    assert rewriter.map(51, 0, picture=30)[2] == 9


def test_frame_numbers_keep_their_distances_and_grow_from_segment_to_segment() -> None:
    rewriter = Rewriter()
    rewriter.sync(1, 0)
    assert [rewriter.map_frame(1 + n, number) for n, number in enumerate((65_533, 65_535, 0))] == [
        65_533,
        65_535,
        0,
    ]
    rewriter.sync(100, 0)
    assert [rewriter.map_frame(100 + n, number) for n, number in enumerate((40_000, 40_003))] == [1, 4]
    assert rewriter.map_frame(101, 40_001) == 2
    rewriter.sync(200, 0)
    assert rewriter.map_frame(200, 7) == 5


def test_tl0_pic_idx_continues_over_segments_and_wraps() -> None:
    rewriter = Rewriter()
    rewriter.sync(1, 0, picture=1, tl0=250)
    assert [rewriter.map(1 + n, 0, picture=1 + n, tl0=(250 + n) & 255)[3] for n in range(8)] == [
        *range(250, 256),
        0,
        1,
    ]
    assert rewriter.map(2, 0, picture=2, tl0=251)[3] == 251
    rewriter.sync(100, 0, picture=1, tl0=7)
    assert [rewriter.map(100, 0, picture=1, tl0=7)[3], rewriter.map(101, 0, picture=2, tl0=8)[3]] == [2, 3]


@dataclass(frozen=True)
class Packet:
    sequence: int
    picture: int
    tl0: int
    unwanted: bool


def vp8_stream(sizes: list[int], first_picture: int) -> list[Packet]:
    """L1T3: base, 2, 1, 2, base, …; the highest layer is not wanted."""
    packets: list[Packet] = []
    tl0 = 250
    for index, size in enumerate(sizes):
        tl0 += index % 4 == 0
        for _ in range(size):
            packets.append(Packet(len(packets), first_picture + index, tl0 & 255, index % 2 == 1))
    return packets


@given(
    data=st.data(),
    sizes=st.lists(st.integers(1, 3), min_size=1, max_size=90),
    first_picture=st.sampled_from([0, 100, 32_700]),
    bits=st.sampled_from([7, 15]),
    base=st.sampled_from([2**32, 2**32 + 65_450]),
)
def test_a_vp8_stream_without_its_top_layer(
    data: st.DataObject, sizes: list[int], first_picture: int, bits: int, base: int
) -> None:
    """Late packets of unwanted pictures are dropped too and leave holes; what goes out keeps its place."""
    stream = vp8_stream(sizes, first_picture)
    arrivals = data.draw(disordered(len(stream), displacement=25, losses=True))
    rewriter = Rewriter(first_output=3)
    closed: set[int] = set()
    closed_pictures: set[int] = set()
    highest = highest_picture = -1
    results: dict[Packet, tuple[int, int, int, int]] = {}
    for packet in (stream[index] for index in arrivals):
        vp8: dict[str, Any] = {"picture": packet.picture & MASKS[bits], "bits": bits, "tl0": packet.tl0}
        if not results and not packet.unwanted:
            start = packet
            rewriter.sync(base + packet.sequence, 0, **vp8)
        if not results and packet.unwanted:
            continue
        if packet.unwanted:
            rewriter.drop(base + packet.sequence, frame=True, **vp8)
            if packet.sequence > highest:
                closed.add(packet.sequence)
            if packet.picture > highest_picture:
                closed_pictures.add(packet.picture)
            continue
        out = rewriter.map(base + packet.sequence, 0, **vp8)
        assert (out is not None) == (packet.sequence >= start.sequence)
        if out is not None:
            results[packet] = out
            highest = max(highest, packet.sequence)
            highest_picture = max(highest_picture, packet.picture)
    for packet, (sequence_number, _, picture, tl0) in results.items():
        place = packet.sequence - start.sequence - sum(1 for number in closed if number < packet.sequence)
        assert sequence_number == 3 + place
        shift = sum(1 for number in closed_pictures if start.picture < number < packet.picture)
        assert picture == (packet.picture - shift) & MASKS[bits]
        assert tl0 == packet.tl0
