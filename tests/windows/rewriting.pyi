from typing import Any

class Numbers:
    def __init__(self, value: int, mapped: int) -> None: ...
    def drop(self, value: int) -> None: ...
    def map_to(self, value: int) -> int | None: ...
    @property
    def intervals(self) -> int: ...

class Rewriter:
    def __init__(
        self, clock_rate: int = 90000, first_output: int = 1000, first_timestamp: int = 0
    ) -> None: ...
    def sync(
        self,
        sequence: int,
        timestamp: int,
        timestamp_step: int = 1,
        *,
        age: int = 0,
        picture: int | None = None,
        bits: int = 15,
        tl0: int | None = None,
        now_us: int = 0,
        described: bool = True,
    ) -> None: ...
    def map(
        self,
        sequence: int,
        timestamp: int,
        *,
        picture: int | None = None,
        bits: int = 15,
        tl0: int | None = None,
        now_us: int = 0,
        described: bool = True,
    ) -> tuple[int, int, int, int] | Any: ...  # or None
    def map_frame(self, sequence: int, frame_number: int) -> int | None: ...
    def drop(
        self,
        sequence: int,
        *,
        picture: int | None = None,
        bits: int = 15,
        tl0: int | None = None,
        frame: bool = False,
        described: bool = True,
    ) -> None: ...
    def leaves_hole(self, sequence: int) -> bool: ...
    def unsync(self) -> None: ...
    @property
    def highest_timestamp(self) -> tuple[int, int]: ...
