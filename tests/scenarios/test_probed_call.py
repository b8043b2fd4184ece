"""A whole engine before a narrow receiver: estimate, probation stream and pacer together, in fake time."""

from __future__ import annotations

import pytest

from tests.support.link import Link
from tests.support.receiving_client import MS, Narrow


def narrow(rate_bps: int | None, **changes: object) -> Narrow:
    return Narrow(
        Link(1, rate_bps=rate_bps, delay_us=25 * MS),
        Link(2, delay_us=25 * MS),
        **changes,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("rate", [300_000, 1_000_000, 5_000_000])
def test_the_estimate_settles(rate: int) -> None:
    client = narrow(rate, layers_bps=(150_000, 500_000, 1_500_000, 4_000_000), desired_bps=6_000_000)
    client.run(8)
    client.estimates.clear()
    client.run(6)
    assert client.estimates
    assert all(0.75 * rate <= told[1] <= 1.25 * rate for told in client.estimates)


def test_media_is_complete_and_in_order_behind_the_pacer() -> None:
    client = narrow(2_000_000)
    client.run(8)
    numbers = [packet.sequence for _, packet in client.received if packet.ssrc != 1234]
    assert len(numbers) > 300
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_squeezed_and_released() -> None:
    client = narrow(None)
    client.run(6)
    assert client.media_bps == 1_500_000
    squeezed_us = client.now_us
    client.forward.rate_bps = 400_000
    client.run(2)
    assert client.media_bps == 150_000
    client.run(8)
    assert all(waited < 200 for at_us, waited in client.queue_ms if at_us > squeezed_us + 5_000_000)
    client.forward.rate_bps = None
    client.run(4)
    assert client.media_bps == 1_500_000
