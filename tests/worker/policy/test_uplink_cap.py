from __future__ import annotations

from dataclasses import dataclass

import pytest

from mediad.worker.policy.uplink_cap import (
    AUDIO_BPS,
    LOWEST_CAP_BPS,
    Compliance,
    lower,
    room_bps,
    uplink_cap_bps,
)

S = 1_000_000


@dataclass
class Source:
    kind: str
    wanted_bps: int | None = None
    peak_bps: int = 0
    paused: bool = False


DEAF = Source("video", wanted_bps=400_000, peak_bps=3_000_000)
MICROPHONE = Source("audio", peak_bps=40_000)


@pytest.mark.parametrize(
    ("producers", "cap_bps"),
    [
        ([], 0),
        ([MICROPHONE], 0),
        ([Source("video"), MICROPHONE], 0),
        ([DEAF], 400_000),
        ([DEAF, MICROPHONE], 400_000 + AUDIO_BPS),
        ([DEAF, Source("audio", peak_bps=510_000)], 400_000 + 510_000),
        ([DEAF, Source("audio", paused=True)], 400_000),
        ([Source("video", wanted_bps=40_000)], LOWEST_CAP_BPS),
        ([DEAF, Source("video")], 0),
        ([DEAF, Source("video", paused=True)], 400_000),
        ([Source("video", wanted_bps=400_000, paused=True)], 0),
    ],
)
def test_the_wanted_fits_and_where_that_is_in_doubt_there_is_no_cap(
    producers: list[Source], cap_bps: int
) -> None:
    assert uplink_cap_bps(producers) == cap_bps


@pytest.mark.parametrize(
    ("peak_bps", "max_bitrate_bps", "expected_bps"),
    [
        (100_000, None, 200_000),
        (100_000, 0, 200_000),
        (100_000, 500_000, 300_000),
        (100_000, 160_000, 200_000),
        (100_000, 50_000, 125_000),
    ],
)
def test_room_to_grow_ends_where_the_encoder_ends(
    peak_bps: int, max_bitrate_bps: float | None, expected_bps: int
) -> None:
    assert room_bps(peak_bps, max_bitrate_bps) == expected_bps


def test_who_still_sends_after_a_while_ignores_it_for_good() -> None:
    compliance = Compliance(3 * S)
    compliance.told(less=True, now_us=10 * S)
    compliance.look(excess=True, now_us=13 * S - 1)
    assert not compliance.ignores
    assert compliance.due_us == 13 * S
    compliance.look(excess=True, now_us=13 * S)
    assert compliance.ignores
    compliance.told(less=False, now_us=20 * S)
    compliance.told(less=True, now_us=30 * S)
    assert compliance.ignores
    assert compliance.due_us is None


def test_who_stops_is_not() -> None:
    compliance = Compliance(3 * S)
    compliance.told(less=True, now_us=10 * S)
    compliance.look(excess=False, now_us=13 * S)
    assert (compliance.ignores, compliance.due_us) == (False, None)


def test_who_was_told_to_send_more_again_has_no_case_to_answer() -> None:
    compliance = Compliance(3 * S)
    compliance.told(less=True, now_us=10 * S)
    compliance.told(less=False, now_us=11 * S)
    compliance.look(excess=True, now_us=13 * S)
    assert not compliance.ignores


def test_a_client_that_a_cap_has_hurt_is_exempt_for_good() -> None:
    compliance = Compliance(3 * S)
    compliance.told(less=True, now_us=10 * S)
    compliance.look(excess=True, now_us=13 * S)
    compliance.exempt()
    compliance.told(less=True, now_us=20 * S)
    compliance.look(excess=True, now_us=23 * S)
    assert not compliance.ignores


def test_the_lower_of_two_limits_counts() -> None:
    assert [lower(3, 2), lower(2, 3), lower(0, 3), lower(3, 0), lower(0, 0)] == [2, 2, 3, 3, 0]
