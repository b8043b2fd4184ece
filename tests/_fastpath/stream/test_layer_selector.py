"""Packets of a layered stream that are forwarded, rule by rule; whole streams are in tests/scenarios."""

from __future__ import annotations

from typing import Any

import pytest

from tests.windows.layers import LayerSelector

FORWARD, MARK, WHOLE_PICTURE, NEEDS_KEYFRAME = 1, 2, 4, 8
TICKS = 3000


def rows(first: int, last: int, temporal: int = 0) -> int:
    return sum((0xFF << temporal & 0xFF) << 8 * spatial for spatial in range(first, last + 1))


def vp8(temporal: int, *, sync: bool = False, keyframe: bool = False) -> dict[str, Any]:
    return {
        "temporal_layer": temporal,
        "is_layer_sync": sync,
        "is_keyframe": keyframe,
        "spatial_count": 1,
        "targets": rows(0, 3, temporal),
    }


def svc(
    spatial: int, *, count: int = 3, key: bool = False, alone: bool = False, **more: Any
) -> dict[str, Any]:
    """`alone`: no upper layer needs it."""
    return {
        "spatial_layer": spatial,
        "is_keyframe": key and spatial == 0,
        "starts_over": key and spatial == 0,
        "enters_layer": key and spatial > 0,
        "ends_layer": 1,
        "spatial_count": count,
        "targets": rows(spatial, spatial if alone else 3),
        **more,
    }


class Stream:
    """Packets in order, a picture each unless told otherwise."""

    def __init__(self, spatial: int = 255, temporal: int = 255, *, whole: bool = False) -> None:
        self.selector = LayerSelector(whole=whole)
        self.selector.target(spatial, temporal)
        self.selector.restart(100)
        self.sequence, self.picture = 100, 0

    def picture_of(self, *packets: dict[str, Any]) -> list[int]:
        self.picture += 1
        decisions = []
        for packet in packets:
            decisions.append(self.selector.decide(self.sequence, self.picture * TICKS, **packet))
            self.sequence += 1
        return decisions

    def one(self, packet: dict[str, Any]) -> int:
        return self.picture_of(packet)[0]


def test_streams_that_tell_nothing_are_forwarded() -> None:
    stream = Stream(0, 0)
    assert stream.one({"temporal_layer": 2}) == FORWARD
    assert not stream.selector.wants_keyframe


def test_temporal_layers_above_the_target_are_left_out() -> None:
    stream = Stream(255, 1)
    stream.one(vp8(0, keyframe=True))
    assert [stream.one(vp8(t)) for t in (2, 1, 2, 0)] == [WHOLE_PICTURE, FORWARD, WHOLE_PICTURE, FORWARD]
    assert stream.selector.layers == (0, 1)


def test_a_temporal_layer_is_entered_at_a_layer_sync() -> None:
    stream = Stream(255, 0)
    stream.one(vp8(0, keyframe=True))
    stream.one(vp8(1))
    stream.selector.target(255, 1)
    assert stream.one(vp8(1)) == WHOLE_PICTURE
    assert stream.one(vp8(1, sync=True)) == FORWARD
    assert stream.one(vp8(1)) == FORWARD


def test_a_layer_needs_those_below_it() -> None:
    """T2's sync picture needs T0 alone; its next one may need T1, which was not entered."""
    stream = Stream(255, 0)
    stream.one(vp8(0, keyframe=True))
    stream.one(vp8(1))
    stream.selector.target(255, 2)
    assert stream.one(vp8(2, sync=True)) == FORWARD
    assert stream.one(vp8(1)) == WHOLE_PICTURE
    assert stream.one(vp8(2)) == WHOLE_PICTURE
    assert stream.selector.layers == (0, 0)
    assert [stream.one(vp8(t, sync=True)) for t in (2, 1)] == [FORWARD, FORWARD]
    assert stream.one(vp8(2)) == FORWARD
    assert stream.selector.layers == (0, 2)


def test_a_key_frame_enters_everything() -> None:
    stream = Stream(255, 0)
    stream.one(vp8(0, keyframe=True))
    stream.one(vp8(2))
    stream.selector.target(255, 255)
    assert stream.one(vp8(2)) == WHOLE_PICTURE
    stream.one(vp8(0, keyframe=True))
    assert stream.one(vp8(2)) == FORWARD


def test_a_switch_indication_opens_the_layers_above() -> None:
    stream = Stream(255, 0)
    stream.one(vp8(0, keyframe=True))
    stream.one(vp8(1))
    stream.selector.target(255, 1)
    assert stream.one(vp8(1)) == WHOLE_PICTURE
    stream.one({**vp8(0), "switches": rows(0, 0, 1)})
    assert stream.one(vp8(1)) == FORWARD


def test_a_target_that_changes_inside_a_picture_waits_for_the_next() -> None:
    stream = Stream()
    stream.one(vp8(0, keyframe=True))
    stream.one(vp8(2))
    stream.selector.target(255, 0)
    assert stream.selector.decide(stream.sequence, stream.picture * TICKS, **vp8(2)) == FORWARD
    assert stream.one(vp8(2)) == WHOLE_PICTURE


def test_late_packets_share_the_fate_of_their_picture() -> None:
    stream = Stream()
    stream.one(vp8(0, keyframe=True))
    stream.picture_of(vp8(1), vp8(1), vp8(1))
    stream.selector.target(255, 0)
    stream.one(vp8(1))
    stream.one(vp8(0))
    assert stream.selector.decide(102, 2 * TICKS, **vp8(1)) == FORWARD
    assert stream.selector.decide(104, 3 * TICKS, **vp8(1)) == WHOLE_PICTURE
    # Of pictures nobody remembers, today's layers.
    assert stream.selector.decide(90, -TICKS % 2**32, **vp8(0)) == FORWARD
    assert stream.selector.decide(89, -2 * TICKS % 2**32, **vp8(1)) == WHOLE_PICTURE


def test_upper_spatial_layers_are_left_out_and_the_marker_moves() -> None:
    stream = Stream(1, 255)
    decisions = stream.picture_of(svc(0, key=True), svc(1, key=True), svc(2, key=True))
    assert decisions == [FORWARD, FORWARD | MARK, 0]
    assert stream.selector.layers[0] == 1


def test_full_svc_goes_down_at_the_next_picture_and_up_at_a_key_frame() -> None:
    stream = Stream()
    stream.picture_of(svc(0, key=True), svc(1, key=True), svc(2, key=True))
    stream.selector.target(0, 255)
    assert not stream.selector.wants_keyframe
    assert stream.picture_of(svc(0), svc(1), svc(2)) == [FORWARD | MARK, 0, 0]
    stream.selector.target(2, 255)
    assert stream.selector.wants_keyframe
    assert stream.picture_of(svc(0), svc(1), svc(2)) == [FORWARD | MARK, 0, 0]
    decisions = stream.picture_of(svc(0, key=True), svc(1, key=True), svc(2, key=True))
    assert decisions == [FORWARD, FORWARD, FORWARD | MARK]


def test_a_frame_that_needs_only_the_layer_below_is_a_way_up() -> None:
    stream = Stream(0, 255)
    stream.picture_of(svc(0, key=True), svc(1, key=True))
    stream.selector.target(2, 255)
    entry = svc(1, enters_layer=1)
    assert stream.picture_of(svc(0), entry, svc(2)) == [FORWARD | MARK, FORWARD | MARK, 0]
    assert stream.selector.layers[0] == 1
    stream.selector.target(0, 255)
    stream.picture_of(svc(0), svc(1))
    assert stream.picture_of(svc(0), entry) == [FORWARD | MARK, 0]  # not wanted


def test_k_svc_needs_a_key_frame_to_go_down() -> None:
    stream = Stream()
    stream.picture_of(svc(0, key=True), svc(1, key=True), svc(2, key=True, alone=True))
    later = [svc(spatial, alone=True) for spatial in range(3)]
    assert stream.picture_of(*later) == [0, 0, FORWARD | MARK]
    stream.selector.target(1, 255)
    assert stream.selector.wants_keyframe
    assert stream.picture_of(*later) == [NEEDS_KEYFRAME, 0, FORWARD | MARK]
    stream.picture_of(svc(0, key=True), svc(1, key=True), svc(2, key=True, alone=True))
    assert stream.picture_of(*later) == [0, FORWARD | MARK, 0]


def test_another_server_selects_from_all_layers() -> None:
    # K-SVC: a receiver of the highest layer needs the lower ones in key pictures alone
    stream = Stream(whole=True)
    key = [svc(0, key=True), svc(1, key=True), svc(2, key=True, alone=True)]
    later = [svc(spatial, alone=True) for spatial in range(3)]
    assert [stream.picture_of(*picture) for picture in (later, key, later)] == [[FORWARD] * 3] * 3
    assert stream.one(vp8(3)) == FORWARD
    assert not stream.selector.wants_keyframe


def test_a_layer_that_is_not_sent_is_no_target() -> None:
    stream = Stream()
    stream.picture_of(svc(0, count=2, key=True), svc(1, count=2, key=True, alone=True))
    later = [svc(spatial, count=2, alone=True) for spatial in range(2)]
    assert stream.picture_of(*later) == [0, FORWARD | MARK]
    assert not stream.selector.wants_keyframe
    assert stream.selector.layers[0] == 1


def test_a_key_picture_is_known_without_its_first_packet() -> None:
    stream = Stream(0, 255)
    stream.picture_of(svc(0, key=True), svc(1, key=True))
    stream.selector.target(1, 255)
    rest = {**svc(0, key=True), "is_keyframe": 0}
    assert stream.picture_of(rest, svc(1, key=True)) == [FORWARD, FORWARD | MARK]


@pytest.mark.parametrize("target", [(0, 0), (255, 255), (3, 7)])
def test_targets_are_brought_down(target: tuple[int, int]) -> None:
    stream = Stream(*target)
    stream.one(svc(0, count=4, key=True))
    assert stream.selector.layers == (min(target[0], 3), min(target[1], 7))
