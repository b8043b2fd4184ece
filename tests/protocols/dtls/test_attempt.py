from __future__ import annotations

from mediad.protocols.dtls.attempt import Attempt
from mediad.protocols.dtls.endpoint import _context_for
from mediad.protocols.dtls.messages import Message
from mediad.protocols.srtp_keys import DTLS_PROFILES
from tests.support.dtls import LEFT_CERTIFICATE, record


def attempt(role: str) -> Attempt:
    return Attempt(_context_for(LEFT_CERTIFICATE, tuple(DTLS_PROFILES)), role, 0)  # type: ignore[arg-type]


def test_a_client_begins_by_itself_and_a_server_with_a_hello() -> None:
    client, server = attempt("client"), attempt("server")
    assert client.show([])
    [hello] = client.sent
    assert hello.message_type == 1
    assert server.flight == ()
    assert server.show([hello])
    assert [message.message_type for message in server.sent] == [2, 11, 12, 13, 14]
    assert server.shown == [hello]


def test_what_openssl_refuses_is_said() -> None:
    assert not attempt("server").show([Message(14, 0, b"")])


def test_a_sealed_record_that_does_not_open_changes_nothing() -> None:
    client, server = attempt("client"), attempt("server")
    client.show([])
    server.show(client.sent)
    client.show(server.sent)
    server.show([message for message in client.sent if message.sequence > 0])
    assert server.show_sealed(record(22, 1, b"forged" * 9))
    assert not server.finished
    [finished] = [item for item in client.flight if item.epoch == 1]
    assert server.show_sealed(finished)
    assert server.finished
