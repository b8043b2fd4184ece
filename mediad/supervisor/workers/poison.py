"""Requests that workers died of, as far as one can tell: what was there twice is not asked a third time.

Under suspicion is what the worker was asked and did not answer; else what it answered last, right before.

A request is known by marks, because what makes two of them the same is not what they hold byte for byte: ids
and some numbers are drawn anew each time. One mark is who asks what, whatever numbers are in it; so a client
that comes back and repeats itself is recognised, and nobody else suffers for it. What clients word themselves
has a second mark, the wording alone: so a script that comes back under another name is recognised too.
Consumers are made and resumed many at a time: there it is whose track it is, and in which form.

One that is answered, and the worker lives on, is cleared: it may have been there by chance.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import msgspec

Mark = bytes

STRIKES = 2
"""Deaths of workers after which a request is refused."""

REFUSED_S = 600.0
"""How long after the last of them. Then it gets one more chance."""

MAX_SUSPECTS = 4096

_DRAWN = frozenset({"routerId", "transportId", "producerId", "consumerId", "mappedSsrc", "cname"})
"""Drawn on our side, or of no influence."""

_DRAWN_BY_CLIENTS = _DRAWN | {"ssrc", "fingerprints"}
"""Drawn by a client for each of its connections."""

_WORDED_BY_CLIENTS = frozenset({"producer.create", "transport.connect"})


def marks(asker: str | None, method: str, data: dict[str, Any]) -> tuple[Mark, ...]:
    """What `method` with `data`, asked on behalf of `asker`, is recognised by.

    None for what must never be refused: what the server asks on its own account, and what sets things free.
    """
    if method == "consumers.create":
        return tuple(
            _digest(form["producedBy"], method, _without(form, _DRAWN_BY_CLIENTS)) for form in data["forms"]
        )
    if method == "consumers.resume":
        return tuple(_digest(producer, method) for producer in data["producedBy"])
    if asker is None or method.endswith(".close"):
        return ()
    found = [_digest(asker, method, _without(data, _DRAWN_BY_CLIENTS))]
    if method in _WORDED_BY_CLIENTS:
        found.append(_digest("", method, _without(data, _DRAWN)))
    return tuple(found)


class Quarantine:
    """Who is suspected of what. Times are seconds of CLOCK_MONOTONIC."""

    def __init__(self) -> None:
        self._suspects: dict[Mark, tuple[int, float]] = {}
        """Mark → strikes, and when the last one was."""

    def __bool__(self) -> bool:
        """Whether there is anybody to look for."""
        return bool(self._suspects)

    def strike(self, suspects: Iterable[Mark], now_s: float) -> bool:
        """A worker died, and these were under way. Whether any of them is refused from now on."""
        refused = False
        for mark in dict.fromkeys(suspects):
            strikes, last_s = self._suspects.pop(mark, (0, now_s))
            if now_s - last_s >= REFUSED_S:
                strikes = min(strikes, STRIKES - 1)  # its one more chance was this
            self._suspects[mark] = (strikes + 1, now_s)
            refused |= strikes + 1 >= STRIKES
        while len(self._suspects) > MAX_SUSPECTS:
            del self._suspects[next(iter(self._suspects))]
        return refused

    def clear(self, cleared: Iterable[Mark]) -> None:
        """These were answered."""
        for mark in cleared:
            self._suspects.pop(mark, None)

    def refuses(self, asked: Iterable[Mark], now_s: float) -> bool:
        """Whether one of these marks has its strikes, and the last of them is not long ago."""
        for mark in asked:
            strikes, last_s = self._suspects.get(mark, (0, 0.0))
            if strikes >= STRIKES and now_s - last_s < REFUSED_S:
                return True
        return False


def _digest(*parts: object) -> Mark:
    return blake2b(msgspec.json.encode(parts, order="sorted"), digest_size=16).digest()


def _without(value: Any, dropped: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, dropped) for key, item in value.items() if key not in dropped}
    if isinstance(value, list | tuple):
        return [_without(item, dropped) for item in value]
    return value
