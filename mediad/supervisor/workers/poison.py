"""Requests that probably killed workers: one that was there at two deaths is refused afterwards.

Suspected is what the worker was asked and had not answered; if there is nothing, its last answer.

A request is recognised by marks, not by its bytes: ids and some numbers are drawn anew each time. One mark is
made of who asks and what, without those numbers. So a client that comes back and repeats itself is
recognised, and no other client is refused. A request whose words are the client's has a second mark, of its
words alone: so a script that comes back under another name is recognised too. Consumers are made and resumed
many at a time: their marks are made of the producer's owner and the consumer's form.

A request that is answered by a worker that lives on is cleared: it may have been there by chance.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import msgspec

from mediad.pipe.data_requests import (
    CloseDataConsumer,
    CloseDataProducer,
    CreateDataConsumers,
)
from mediad.pipe.messages import Message, Request
from mediad.pipe.requests import (
    CloseConsumer,
    CloseProducer,
    CloseRouter,
    CloseTransport,
    ConnectTransport,
    CreateConsumers,
    CreateProducer,
    ResumeConsumers,
)
from mediad.pipe.transport_requests import ConnectPlainTransport, CreatePipeConsumer

Mark = bytes

STRIKES = 2
"""Deaths of workers after which a request is refused."""

REFUSED_S = 600.0
"""The time a request is refused after the last of those deaths. Then it gets one more chance."""

MAX_SUSPECTS = 4096

_DRAWN = frozenset(
    {
        *("routerId", "transportId", "producerId", "consumerId", "cname"),
        *("dataProducerId", "dataConsumerId"),
    }
)
"""Fields, as they are spelt on the pipe, that are drawn by the server, or without influence."""

_DRAWN_BY_CLIENTS = _DRAWN | {"ssrc", "fingerprints", "port", "rtcpPort", "keyBase64"}
"""Fields drawn by a client for each of its connections, too."""

_WORDED_BY_CLIENTS = (CreateProducer, CreatePipeConsumer, ConnectTransport, ConnectPlainTransport)
"""Requests whose words differ from client to client; those that open a chat are the same for all."""

_FREEING = (
    CloseRouter,
    CloseTransport,
    CloseProducer,
    CloseConsumer,
    CloseDataProducer,
    CloseDataConsumer,
)


def marks(asker: str | None, request: Request[Any]) -> tuple[Mark, ...]:
    """The marks of `request`, asked on behalf of `asker`.

    Empty for what must never be refused: requests of the server itself, those that free something, and those
    that consist of ids alone.
    """
    if isinstance(request, CreateConsumers):
        return tuple(
            _digest(form.produced_by, request.row, _without(form, _DRAWN_BY_CLIENTS))
            for form in request.forms
        )
    if isinstance(request, ResumeConsumers):
        return tuple(_digest(producer, request.row) for producer in request.produced_by)
    if asker is None or isinstance(request, (*_FREEING, CreateDataConsumers)):
        return ()
    found = [_digest(asker, request.row, _without(request, _DRAWN_BY_CLIENTS))]
    if isinstance(request, _WORDED_BY_CLIENTS):
        found.append(_digest("", request.row, _without(request, _DRAWN)))
    return tuple(found)


class Quarantine:
    """The suspected requests. Times are seconds of CLOCK_MONOTONIC."""

    def __init__(self) -> None:
        self._suspects: dict[Mark, tuple[int, float]] = {}
        """Strikes, and the time of the last one, by mark."""

    def __bool__(self) -> bool:
        """True when any request is suspected."""
        return bool(self._suspects)

    def strike(self, suspects: Iterable[Mark], now_s: float) -> bool:
        """Note that a worker died while these were under way.

        Returns True when one of them is refused from now on.
        """
        refused = False
        for mark in dict.fromkeys(suspects):
            strikes, last_s = self._suspects.pop(mark, (0, now_s))
            if now_s - last_s >= REFUSED_S:
                strikes = min(strikes, STRIKES - 1)  # this was its one more chance
            self._suspects[mark] = (strikes + 1, now_s)
            refused |= strikes + 1 >= STRIKES
        while len(self._suspects) > MAX_SUSPECTS:
            del self._suspects[next(iter(self._suspects))]
        return refused

    def clear(self, cleared: Iterable[Mark]) -> None:
        """Forget the suspicion of these requests, which were answered."""
        for mark in cleared:
            self._suspects.pop(mark, None)

    def refuses(self, asked: Iterable[Mark], now_s: float) -> bool:
        """True when one of these marks has its strikes, and the last of them is not long ago."""
        for mark in asked:
            strikes, last_s = self._suspects.get(mark, (0, 0.0))
            if strikes >= STRIKES and now_s - last_s < REFUSED_S:
                return True
        return False


def _digest(*parts: object) -> Mark:
    return blake2b(msgspec.json.encode(parts, order="sorted"), digest_size=16).digest()


def _without(message: Message, dropped: frozenset[str]) -> Any:
    """Return the fields of `message`, and of everything in it, but for those `dropped`."""
    return _pruned(msgspec.to_builtins(message), dropped)


def _pruned(value: Any, dropped: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {key: _pruned(item, dropped) for key, item in value.items() if key not in dropped}
    if isinstance(value, list | tuple):
        return [_pruned(item, dropped) for item in value]
    return value
