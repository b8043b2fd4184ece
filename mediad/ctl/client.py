"""mediactl's end of the admin socket: one question, one answer, no event loop."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

from mediad.errors import EnvelopeError, Forbidden, Unavailable, from_code
from mediad.protocols.envelope import Decoder, Request, Response, encode

ANSWER_TIMEOUT_S = 15.0
"""Longer than the daemon itself waits for a worker."""


class Client:
    """A connection to a running daemon."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._decoder = Decoder()
        self._last_id = 0

    def call(self, method: str, data: dict[str, Any]) -> dict[str, Any]:
        """The daemon's reply. Raises the error it answered with; EnvelopeError without a sensible answer."""
        self._last_id += 1
        try:
            self._sock.sendall(encode(Request(self._last_id, method, data)))
            while received := self._sock.recv(65536):
                for message in self._decoder.feed(received):
                    if isinstance(message, Response) and message.id == self._last_id:
                        return _data(message)
        except TimeoutError:
            raise EnvelopeError(f"the daemon did not answer within {ANSWER_TIMEOUT_S:g} s") from None
        except OSError as error:
            raise EnvelopeError(f"the connection to the daemon broke: {error.strerror}") from None
        raise EnvelopeError("the daemon hung up without an answer")

    def close(self) -> None:
        self._sock.close()


def connect(paths: Sequence[str]) -> Client:
    """The first of `paths` with a daemon behind it.

    Raises Unavailable when none is running, Forbidden when a socket is there but not for this user.
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
            raise Forbidden(reason) from None
        except OSError:  # nobody there, or what is left of somebody
            sock.close()
    raise Unavailable(f"mediad is not running: nobody answers at {' or '.join(paths)}")


def _data(response: Response) -> dict[str, Any]:
    if not response.ok:
        raise from_code(response.data["code"], response.data["reason"])
    return response.data
