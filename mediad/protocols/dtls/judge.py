"""The choice of messages that belong together: the flight proven by a signature over our random bytes."""

from __future__ import annotations

from itertools import islice, product

from mediad.protocols.dtls.attempt import Attempt
from mediad.protocols.dtls.messages import Message, MessageCollector
from mediad.protocols.dtls.proof import first_certificate, is_client_proven, is_server_proven

CLIENT_HELLO, SERVER_HELLO, HELLO_VERIFY_REQUEST = 1, 2, 3
_CERTIFICATE, _SERVER_KEY_EXCHANGE, _CERTIFICATE_REQUEST, _SERVER_HELLO_DONE = 11, 12, 13, 14
_CERTIFICATE_VERIFY, _CLIENT_KEY_EXCHANGE = 15, 16
MAX_TRIES = 32
"""Signatures for one datagram, the newest messages first: a forger must not make it costly."""


def client_flight(
    attempt: Attempt, arrived: MessageCollector, tries: int = MAX_TRIES
) -> list[Message] | None:
    """Certificate, key exchange and the signature over everything before it; None while there is none."""
    transcript = b"".join(message.raw for message in (*attempt.shown, *attempt.sent))
    kinds = (_CERTIFICATE, _CLIENT_KEY_EXCHANGE, _CERTIFICATE_VERIFY)
    candidates = [arrived.candidates(1 + index, kind) for index, kind in enumerate(kinds)]
    for (certificate, _), (exchange, _), (verification, _) in islice(product(*candidates), tries):
        der = first_certificate(certificate.body)
        if der is not None and is_client_proven(
            transcript + certificate.raw + exchange.raw, der, verification.body
        ):
            return [certificate, exchange, verification]
    return None


def server_flight(attempt: Attempt, first: int, arrived: MessageCollector) -> list[Message] | None:
    """The messages from ServerHello, numbered `first`, to ServerHelloDone; None while one is missing."""
    hello = attempt.sent[-1]
    kinds = (SERVER_HELLO, _CERTIFICATE, _SERVER_KEY_EXCHANGE)
    candidates = [arrived.candidates(first + index, kind) for index, kind in enumerate(kinds)]
    for (answer, _), (certificate, _), (exchange, datagram) in islice(product(*candidates), MAX_TRIES):
        der = first_certificate(certificate.body)
        if der is not None and is_server_proven(hello.body, answer.body, der, exchange.body):
            end = _end_of_flight(first + 3, datagram, arrived)
            return None if end is None else [answer, certificate, exchange, *end]
    return None


def _end_of_flight(first: int, datagram: int, arrived: MessageCollector) -> list[Message] | None:
    """The messages that no signature covers: a request for a certificate, and the end.

    Those that came with the key exchange are chosen.
    """
    ends = [([done], when) for done, when in arrived.candidates(first, _SERVER_HELLO_DONE)]
    for (request, when), (done, _) in product(
        arrived.candidates(first, _CERTIFICATE_REQUEST), arrived.candidates(first + 1, _SERVER_HELLO_DONE)
    ):
        ends.append(([request, done], when))
    # The one that came nearest to the exchange; WebRTC always asks for a certificate, so that rather than
    # none.
    best = min(ends, key=lambda end: (abs(end[1] - datagram), -len(end[0])), default=None)
    return None if best is None else best[0]
