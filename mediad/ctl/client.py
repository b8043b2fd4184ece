"""The client's end of the admin socket: one request, one answer or a stream of them, no event loop."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from typing import Any

from mediad.errors import EnvelopeError, Forbidden, Unavailable, from_code
from mediad.protocols.envelope import Decoder, Event, Message, Request, Response, encode

ANSWER_TIMEOUT_S = 15.0
"""The time for an answer: longer than the daemon itself waits for a worker."""


class NotRunning(Unavailable):
    """Error: no daemon is running."""


class NotAllowed(Forbidden):
    """Error: a daemon is running, but this user may not use its admin socket."""


class Client:
    """A connection to a running daemon."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._decoder = Decoder()
        self._last_id = 0

    def call(self, method: str, data: dict[str, Any]) -> dict[str, Any]:
        """Return the daemon's reply.

        Raises the error it answered with; EnvelopeError without a valid answer.
        """
        self._sock.settimeout(ANSWER_TIMEOUT_S)
        for message in self._ask(method, data):
            if isinstance(message, Response):
                return _data(message)
        raise EnvelopeError("the daemon hung up without an answer")

    def stream(self, method: str, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what the daemon sends until it has finished, however long that takes.

        Raises as `call` does, at any point. To stop early, close the client: the daemon stops then.
        """
        self._sock.settimeout(None)
        for message in self._ask(method, data):
            if isinstance(message, Response):
                _data(message)
                return
            if isinstance(message, Event) and message.name == method:
                yield message.data
        raise EnvelopeError("the daemon hung up before it was done")

    def _ask(self, method: str, data: dict[str, Any]) -> Iterator[Message]:
        """Send a request and yield the messages that belong to it, until the daemon closes the connection."""
        self._last_id += 1
        try:
            self._sock.sendall(encode(Request(self._last_id, method, data)))
            while received := self._sock.recv(65536):
                for message in self._decoder.feed(received):
                    if not isinstance(message, Response) or message.id == self._last_id:
                        yield message
        except TimeoutError:
            raise EnvelopeError(f"the daemon did not answer within {ANSWER_TIMEOUT_S:g} s") from None
        except OSError as error:
            raise EnvelopeError(f"the connection to the daemon broke: {error.strerror}") from None

    def close(self) -> None:
        self._sock.close()


def connect(paths: Sequence[str]) -> Client:
    """The first of `paths` with a daemon behind it.

    Raises NotRunning when there is none, NotAllowed when a socket is there but not for this user.
    """
    for path in paths:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(ANSWER_TIMEOUT_S)
        try:
            sock.connect(path)
            return Client(sock)
        except PermissionError:
            sock.close()
            reason = f"no permission to use {path}: run mediactl as root or as the user mediad runs as"
            raise NotAllowed(reason) from None
        except OSError:  # no daemon, or the socket of one that has ended
            sock.close()
    raise NotRunning(f"mediad is not running: nobody answers at {' or '.join(paths)}")


def _data(response: Response[dict[str, Any]]) -> dict[str, Any]:
    if not response.ok:
        raise from_code(response.data["code"], response.data["reason"])
    return response.data
