"""A download through a receiver's link, beside the call."""

from __future__ import annotations

from tests.simulation.clock import SimulatedClock
from tests.simulation.receiving_client import ReceivingClient
from tests.support.narrow_path import Tcp

TICK_US = 5_000


class CrossTraffic:
    def __init__(self, clock: SimulatedClock, client: ReceivingClient) -> None:
        self.tcp = Tcp()
        self._clock = clock
        self._client = client
        client.cross_traffic = self._acknowledge
        clock.every(TICK_US, self._send)

    def _send(self) -> None:
        for data in self.tcp.sends(self._clock.now_us):
            self._client.down.send(data)

    def _acknowledge(self, data: bytes) -> None:
        """Acknowledge over a way back that loses nothing."""
        number = int.from_bytes(data[1:9], "big")
        self._clock.after(self._client.up.link.delay_us, lambda: self.tcp.ack(number))
