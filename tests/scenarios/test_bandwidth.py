"""The estimate on narrow, squeezed, shared and lossy paths, in fake time."""

from __future__ import annotations

from statistics import median
from typing import Any

import pytest

from tests.support.link import Link
from tests.support.narrow_path import MS, Elastic, Layered, NarrowPath, Tcp, mean_bps

Media = type[Elastic] | type[Layered]


def path(rate_bps: int | None, media: Elastic | Layered, *, seed: int = 1, **changes: Any) -> NarrowPath:
    """25 ms each way, half a second of queue."""
    link: dict[str, Any] = {"queue_us": 500 * MS, "loss": 0.0, "jitter_us": 0}
    link |= {name: changes.pop(name) for name in list(changes) if name in link}
    return NarrowPath(
        Link(seed, rate_bps=rate_bps, delay_us=25 * MS, **link),
        Link(seed + 100, delay_us=25 * MS),
        media,
        **changes,
    )


@pytest.mark.parametrize("media", [Elastic, Layered])
@pytest.mark.parametrize("rate", [300_000, 1_000_000, 5_000_000])
def test_settles_on_a_narrow_link(rate: int, media: Media) -> None:
    """The estimate is within a quarter of the link after 10 s, with a short queue and little padding."""
    narrow = path(rate, media())
    narrow.run(10)
    samples = narrow.run(15)
    within = [0.75 * rate <= sample.estimate_bps <= 1.25 * rate for sample in samples]
    assert mean_bps(samples) == pytest.approx(rate, rel=0.1)
    assert sum(within) >= 0.9 * len(within)
    assert median(sample.queue_ms for sample in samples) < 60
    assert narrow.padding_bytes * 8 / 25 < 0.05 * rate


def test_finds_a_wide_link_within_two_seconds() -> None:
    narrow = path(50_000_000, Layered(), desired_bps=2_500_000)
    samples = narrow.run(2)
    assert samples[-1].estimate_bps >= 2_500_000
    assert narrow.run(10)[-1].estimate_bps >= 2_500_000
    assert narrow.padding_bytes * 8 < 800_000  # and then leaves it alone


@pytest.mark.parametrize("media", [Elastic(2_500_000), Layered()])
def test_squeezed_and_released(media: Elastic | Layered) -> None:
    narrow = path(None, media, desired_bps=2_500_000)
    narrow.run(10)
    narrow.forward.rate_bps = 400_000
    squeezed = narrow.run(15)
    assert any(sample.estimate_bps <= 400_000 for sample in squeezed[:20])
    assert all(sample.estimate_bps <= 500_000 for sample in squeezed[20:])
    assert all(sample.queue_ms < 200 for sample in squeezed[50:])
    assert mean_bps(squeezed[50:]) > 0.75 * 400_000
    narrow.forward.rate_bps = None
    released = narrow.run(6)
    assert all(sample.media_bps >= 2_300_000 for sample in released[40:])


@pytest.mark.parametrize("queue_ms", [200, 500])
@pytest.mark.parametrize("rate", [1_000_000, 3_000_000])
def test_shares_a_link_with_a_loss_based_flow(rate: int, queue_ms: int) -> None:
    """Each of the two gets at least a quarter of its half."""
    shared = path(rate, Elastic(), queue_us=queue_ms * MS, tcp=Tcp())
    assert shared.tcp is not None
    shared.run(10)
    ours, theirs = shared.media_bytes, shared.tcp.delivered_bytes
    shared.run(40)
    assert (shared.media_bytes - ours) * 8 / 40 > 0.25 * rate / 2
    assert (shared.tcp.delivered_bytes - theirs) * 8 / 40 > 0.25 * rate / 2


@pytest.mark.parametrize("jitter_ms", [0, 20])
@pytest.mark.parametrize("loss", [0.05, 0.15])
def test_random_loss_leaves_most_of_the_link(loss: float, jitter_ms: int) -> None:
    rate = 2_000_000
    lossy = path(rate, Elastic(), loss=loss, jitter_us=jitter_ms * MS)
    lossy.run(10)
    assert mean_bps(lossy.run(20)) > 0.5 * rate


def test_a_small_stream_on_a_jumpy_path_keeps_what_was_found() -> None:
    """The detector is nervous there; a stream far below the estimate must not pull it down to its rate."""
    jumpy = path(5_000_000, Layered((150_000,)), jitter_us=30 * MS)
    jumpy.run(10)
    assert min(sample.estimate_bps for sample in jumpy.run(30)) > 1_000_000


def test_five_seconds_of_nothing() -> None:
    """Packets sent into an outage were not lost to a queue: the path is as wide as before afterwards."""
    gone = path(3_000_000, Layered(), desired_bps=2_500_000)
    gone.run(10)
    gone.forward.loss = gone.back.loss = 1.0
    gone.run(5)
    gone.forward.loss = gone.back.loss = 0.0
    back = gone.run(3)
    assert all(sample.media_bps >= 1_500_000 for sample in back[10:])
