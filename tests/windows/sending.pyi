from typing import Any

class Sender:
    def __init__(
        self, ssrc: int = 1, rtx_ssrc: int = 2, clock_rate: int = 90000, first_rtx_sequence: int = 7
    ) -> None: ...
    def sent(
        self, timestamp: int, now_us: int, *, payload: int = 100, total: int = 120, capture_us: int = 0
    ) -> None: ...
    def resent(self, count: int) -> None: ...
    def report(self, now_us: int, wall_us: int) -> dict[str, int] | Any: ...  # or None
    def receiver_report(
        self,
        *,
        fraction_lost: int = 0,
        cumulative_lost: int = 0,
        highest_sequence: int = 0,
        jitter: int = 0,
        last_sr: int = 0,
        delay: int = 0,
        wall_us: int = 0,
    ) -> bool: ...
    @property
    def state_now(self) -> dict[str, Any]: ...

class Sent:
    def __init__(self, capacity: int) -> None: ...
    def put(self, sequence_number: int, source_sequence: int) -> None: ...
    def get(self, sequence_number: int) -> int | None: ...
    def clear(self) -> None: ...
    @property
    def capacity(self) -> int: ...

class Playout:
    def watch(
        self,
        now_us: int,
        missed_up: int = 0,
        rtt_up_us: int = 0,
        missed_down: int = 0,
        rtt_down_us: int = 0,
    ) -> None: ...
    def limits(self, wish: bytes | None = None) -> tuple[int, int]: ...
    @property
    def least_ms(self) -> int: ...
    @property
    def frames_to_tell(self) -> int: ...
