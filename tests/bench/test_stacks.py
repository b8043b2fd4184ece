"""The comparison of SCTP stacks: both carry the load, and each message is counted for each consumer."""

from __future__ import annotations

import pytest

from tests.bench import stacks
from tests.bench.data import Load


@pytest.mark.parametrize("name", stacks.SERVERS)
def test_a_server_gives_each_message_to_each_consumer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "WARM_UP_S", 0.1)
    cost = stacks.measure(name, Load(size=1000, per_s=50, consumers=3, seconds=0.5))
    assert cost.deliveries in range(20 * 3, 27 * 3)
    assert cost.us_per_delivery > 0
    assert cost.rss_kib >= cost.idle_rss_kib
