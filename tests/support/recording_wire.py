"""A dialect's Wire for tests of its listener."""

from __future__ import annotations

from typing import Any

from mediad.signaling.dialects.dialect import ClientRefused


class RecordingWire:
    """A Wire that keeps what it is told; its client refuses everything."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any, bool]] = []
        self.closed: tuple[int, str] | None = None

    def notify(self, method: str, data: Any, *, droppable: bool = False) -> None:
        self.told.append((method, data, droppable))

    async def request(self, method: str, data: Any) -> Any:
        raise ClientRefused(403, f"no {method}")

    def close(self, code: int, reason: str) -> None:
        self.closed = code, reason
