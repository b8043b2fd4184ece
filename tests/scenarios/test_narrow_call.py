"""Whole calls over links that are, become and stop being narrow: what is estimated, chosen and seen."""

from __future__ import annotations

from statistics import fmean

import pytest

from tests.simulation import scenes
from tests.simulation.call import MS, SECOND
from tests.simulation.scenes import Scene


def mean_delivered(scene: Scene, from_us: int, until_us: int | None = None) -> float:
    return fmean(sample.delivered_bps for sample in scene.call.samples(scene.receiver, from_us, until_us))


@pytest.mark.parametrize("rate", [300_000, 1_000_000, 5_000_000])
def test_the_estimate_settles_while_layers_are_chosen(rate: int) -> None:
    scene = scenes.narrow(rate)
    settled = scene.at("settled")
    samples = scene.call.samples(scene.receiver, settled)
    within = [0.75 * rate <= sample.estimate_bps <= 1.25 * rate for sample in samples]
    assert sum(within) >= 0.95 * len(within)
    assert scene.receiver.screen.frozen_share(settled, scene.call.now_us) == 0
    assert scene.receiver.screen.switches(settled, scene.call.now_us) <= 2


@pytest.fixture(scope="module")
def squeezed() -> Scene:
    return scenes.squeezed()


def test_squeezed_it_takes_lower_layers_and_uses_the_link(squeezed: Scene) -> None:
    at_us, until_us = squeezed.at("squeezed"), squeezed.at("released")
    after = squeezed.call.samples(squeezed.receiver, at_us, until_us)
    assert all(low_enough(sample.target) for sample in after[20:])
    shown = squeezed.receiver.screen.between(at_us + 2 * SECOND, until_us)
    assert {picture.layers[0] for picture in shown} == {0}
    assert mean_delivered(squeezed, at_us + 2 * SECOND, until_us) >= 0.6 * 400_000
    assert all(sample.waiting_us < 200 * MS for sample in after[50:])


def low_enough(target: dict[str, tuple[int, int] | None]) -> bool:
    return all(layers is not None and layers[0] == 0 for layers in target.values())


def test_squeezed_the_picture_stays(squeezed: Scene) -> None:
    """The half second in flight is lost to the queue; after that nothing stands still."""
    at_us, until_us = squeezed.at("squeezed"), squeezed.at("released")
    screen = squeezed.receiver.screen
    assert screen.frozen_share(at_us, at_us + 3 * SECOND) * 3 < 2.0
    assert screen.frozen_share(at_us + 3 * SECOND, until_us) == 0
    assert screen.switches(at_us + 3 * SECOND, until_us) == 0


def test_released_it_is_back_at_the_top(squeezed: Scene) -> None:
    at_us = squeezed.at("released")
    shown = squeezed.receiver.screen.between(at_us + 4 * SECOND, squeezed.call.now_us)
    assert {picture.layers[0] for picture in shown} == {2}
    assert squeezed.receiver.screen.frozen_share(at_us, squeezed.call.now_us) == 0


def test_a_squeezed_receiver_does_not_touch_the_others(squeezed: Scene) -> None:
    beside = squeezed.receivers[1]
    at_us, end_us = squeezed.at("squeezed"), squeezed.call.now_us
    video = beside.tracks[0].receiver
    assert {picture.layers[0] for picture in video.screen.between(at_us, end_us)} == {2}
    assert len(video.screen.between(at_us, end_us)) >= 30 * (end_us - at_us) // SECOND - 1
    assert video.undecoded == 0
    assert beside.audio[0].concealed == []


@pytest.mark.parametrize(("rate", "queue_ms"), [(1_000_000, 200), (3_000_000, 500)])
def test_a_download_beside_it_starves_nobody(rate: int, queue_ms: int) -> None:
    """Each of the two gets at least four tenths of its half."""
    scene = scenes.shared(rate, queue_ms)
    settled = scene.at("settled")
    seconds = (scene.call.now_us - settled) / SECOND
    assert mean_delivered(scene, settled) > 0.4 * rate / 2
    assert scene.tcp_bytes * 8 / seconds > 0.4 * rate / 2


def test_five_seconds_without_network() -> None:
    scene = scenes.outage()
    back = scene.at("back")
    screen = scene.receiver.screen
    assert screen.between(back, back + SECOND // 2)
    assert len(screen.between(back + 2 * SECOND, scene.call.now_us)) > 0.9 * 4 * 30


def test_a_narrow_link_is_shared_by_priority() -> None:
    """Each viewer has a picture, higher priorities have a better one, and it stays that way."""
    scene = scenes.priorities(1_500_000, [1, 4, 1])
    settled, end = scene.at("settled"), scene.call.now_us
    pictures = [len(track.receiver.screen.between(settled, end)) for track in scene.receiver.tracks]
    assert all(count > 7 * (end - settled) / SECOND - 1 for count in pictures)
    for track in scene.receiver.tracks:
        assert track.receiver.screen.frozen_share(settled, end) == 0
        assert track.receiver.screen.switches(settled, end) <= 2
    last = scene.receiver.samples[-1].target
    layers = [last[track.consumer.id] or (-1, -1) for track in scene.receiver.tracks]
    assert layers[1] >= max(layers)
    assert mean_delivered(scene, settled) > 0.6 * 1_500_000


@pytest.mark.parametrize(("burst", "least_within"), [(32_000, 0.6), (100_000, 0.5)])
def test_a_deep_bucket_fools_the_estimate_only_for_a_while(burst: int, least_within: float) -> None:
    """A shaper that passes a burst at once has less bandwidth than the burst shows."""
    scene = scenes.narrow(400_000, burst_bytes=burst, seconds=30)
    settled, end = scene.at("settled"), scene.call.now_us
    samples = scene.call.samples(scene.receiver, settled)
    within = [300_000 <= sample.estimate_bps <= 500_000 for sample in samples]
    assert sum(within) >= least_within * len(within)
    assert scene.receiver.screen.frozen_share(settled, end) < 0.05
    assert scene.receiver.screen.switches(settled, end) <= 4
    assert mean_delivered(scene, settled) > 0.6 * 400_000
