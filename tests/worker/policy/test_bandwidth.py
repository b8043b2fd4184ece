from __future__ import annotations

import pytest

from mediad.worker.policy.allocation import Step
from mediad.worker.policy.bandwidth import REVIEW_US, Bandwidth

S = 1_000_000
CAMERA = (Step(0, 0, 100), Step(1, 0, 300), Step(2, 0, 1000))


class Viewer:
    """Remembers what it was allotted."""

    def __init__(self, steps: tuple[Step, ...] | None = CAMERA, priority: int = 1, reserved: int = 0) -> None:
        self.steps, self.priority, self.reserved = steps, priority, reserved
        self.allotted: list[tuple[int, bool]] = []  # price, limited

    def ladder(self) -> tuple[Step, ...] | None:
        return self.steps

    def reserved_bps(self) -> int:
        return self.reserved

    def allot(self, step: Step | None, *, limited: bool) -> None:
        self.allotted.append((step.bitrate_bps if step else 0, limited))

    @property
    def has(self) -> int:
        return self.allotted[-1][0]


def joined(*viewers: Viewer) -> Bandwidth:
    bandwidth = Bandwidth()
    for viewer in viewers:
        bandwidth.join(viewer)
        bandwidth.claim_changed(viewer, 0)
    return bandwidth


def test_without_an_estimate_a_claim_is_met_at_once_and_alone() -> None:
    first, second = Viewer(), Viewer()
    bandwidth = joined(first, second)
    bandwidth.claim_changed(first, S)
    assert first.allotted == [(1000, False)] * 2
    assert second.allotted == [(1000, False)]
    assert not bandwidth.is_limited


def test_an_estimate_is_divided_after_audio() -> None:
    first, second, audio = Viewer(priority=2), Viewer(), Viewer(None, reserved=200)
    bandwidth = joined(first, second, audio)
    bandwidth.estimate_changed(700, S)
    assert (first.allotted[-1], second.allotted[-1]) == ((300, True), (100, True))
    assert audio.allotted == []
    audio.reserved = 0
    bandwidth.review(2 * S)
    assert (first.has, second.has) == (300, 300)


def test_a_limit_that_goes_lets_everybody_have_the_best() -> None:
    viewer = Viewer()
    bandwidth = joined(viewer)
    bandwidth.estimate_changed(150, S)
    bandwidth.estimate_changed(None, 20 * S)
    assert [price for price, _ in viewer.allotted] == [1000, 100, 1000]


def test_who_leaves_makes_room() -> None:
    first, second = Viewer(), Viewer()
    bandwidth = joined(first, second)
    bandwidth.estimate_changed(420, S)
    assert first.has + second.has <= 420
    bandwidth.leave(first, 10 * S)
    assert second.has == 300
    bandwidth.claim_changed(first, 11 * S)  # gone: nothing happens
    assert len(first.allotted) == 2


def test_what_everybody_would_like() -> None:
    wanted = joined(Viewer(), Viewer(CAMERA[:2]), Viewer(None, reserved=50), Viewer(()))
    assert wanted.demand_bps() == (1350, 1480)


def released(viewer: Viewer, bandwidth: Bandwidth, now_us: int) -> int:
    """Return the time from the widening of the link until the viewer has the best again."""
    start_us = now_us
    bandwidth.estimate_changed(1150, now_us)
    while viewer.has != 1000:
        now_us += REVIEW_US
        assert now_us - start_us < 60 * S, "never again"
        bandwidth.review(now_us)
    return now_us - start_us


def test_a_raise_waits_a_little_after_a_fall() -> None:
    viewer = Viewer()
    bandwidth = joined(viewer)
    bandwidth.estimate_changed(400, 10 * S)
    assert viewer.allotted[-1] == (300, True)
    assert released(viewer, bandwidth, 10 * S) == S


def test_raises_that_fail_wait_longer_and_longer() -> None:
    viewer = Viewer()
    bandwidth = joined(viewer)
    now_us, waits = 10 * S, []
    for _ in range(7):
        bandwidth.estimate_changed(400, now_us)
        waits.append(released(viewer, bandwidth, now_us))
        now_us += waits[-1] + S
    assert waits == [S * seconds for seconds in (1, 2, 4, 8, 16, 16, 16)]
    now_us += 60 * S
    bandwidth.estimate_changed(400, now_us)
    assert released(viewer, bandwidth, now_us) == S  # the last one had succeeded


def test_more_pictures_of_the_same_size_wait_for_no_failed_raise() -> None:
    """More pictures of the same size cost no key frame."""
    viewer = Viewer((Step(0, 0, 100), Step(0, 1, 200), Step(1, 0, 1000)))
    bandwidth = joined(viewer)
    now_us = 10 * S
    for _ in range(6):
        bandwidth.estimate_changed(150, now_us)
        now_us += released(viewer, bandwidth, now_us) + S
    bandwidth.estimate_changed(150, now_us)
    assert viewer.has == 100
    bandwidth.estimate_changed(300, now_us + S // 2)
    assert viewer.has == 100
    bandwidth.review(now_us + S)
    assert viewer.has == 200
    bandwidth.estimate_changed(1200, now_us + S)
    assert viewer.has == 200, "a larger picture does"


def test_a_much_wider_link_ends_long_waits() -> None:
    viewer = Viewer()
    bandwidth = joined(viewer)
    now_us = 10 * S
    for _ in range(6):
        bandwidth.estimate_changed(400, now_us)
        now_us += released(viewer, bandwidth, now_us) + S
    bandwidth.estimate_changed(400, now_us)
    bandwidth.estimate_changed(5000, now_us + S)
    bandwidth.review(now_us + 4 * S)
    assert viewer.has == 300
    bandwidth.review(now_us + 5 * S)
    assert viewer.has == 1000


def test_what_grows_dearer_as_it_starts_has_not_failed() -> None:
    viewer = Viewer((Step(0, 0, 10), Step(1, 0, 30)))
    bandwidth = joined(viewer)
    bandwidth.estimate_changed(400, 10 * S)
    viewer.steps = CAMERA
    bandwidth.review(11 * S)
    assert viewer.has == 300
    viewer.steps = (Step(0, 0, 200), Step(1, 0, 600))
    bandwidth.review(12 * S)
    assert viewer.has == 200
    viewer.steps = CAMERA
    bandwidth.review(13 * S)
    assert viewer.has == 300


def test_who_has_nothing_does_not_wait() -> None:
    viewers = [Viewer(priority=2), Viewer()]
    bandwidth = joined(*viewers)
    bandwidth.estimate_changed(100, 10 * S)
    assert [viewer.has for viewer in viewers] == [100, 0]
    bandwidth.estimate_changed(200, 10 * S + 1)
    assert [viewer.has for viewer in viewers] == [100, 100]


@pytest.mark.parametrize(("held", "expected"), [(300, 300), (1000, 300)])
def test_steps_that_vanish_are_replaced_by_what_is_left(held: int, expected: int) -> None:
    viewer = Viewer()
    bandwidth = joined(viewer)
    bandwidth.estimate_changed(held + 10, 0)
    bandwidth.review(20 * S)
    viewer.steps = CAMERA[:2]
    bandwidth.review(40 * S)
    assert viewer.has == expected


def test_a_queue_on_the_way_allows_no_overdraft() -> None:
    viewer = Viewer()
    bandwidth = joined(viewer)
    bandwidth.estimate_changed(400, 10 * S)
    bandwidth.estimate_changed(280, 20 * S, queue_us=20_000)
    assert viewer.has == 300
    bandwidth.estimate_changed(280, 30 * S, queue_us=200_000)
    assert viewer.has == 100
