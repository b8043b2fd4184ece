"""Tokens at a running daemon: refused with their reason everywhere, and keys exchanged below open calls."""

from __future__ import annotations

import base64
import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from mediad.exit_codes import ExitCode
from tests.support.daemons import Daemon, running
from tests.support.document_server import serving_document
from tests.support.loops import until_sync
from tests.support.mediactl import run_mediactl
from tests.support.signing import (
    OTHER,
    SECRET,
    jwk,
    private_key,
    private_pem,
    public_pem,
    signed_by,
    token,
)

HOUR = int(time.time()) + 3600


@contextmanager
def node(folder: Path, settings: str, **environ: str) -> Iterator[Daemon]:
    path = folder / "mediad.toml"
    path.write_text(settings)
    with running("--config", str(path), environ=environ) as daemon:
        yield daemon.wait_ready()


def mediactl(daemon: Daemon, *words: str) -> str:
    said = run_mediactl(daemon.admin_socket, *words)
    assert said.code == 0, said.err
    return said.out.strip()


def protoo(daemon: Daemon, text: str, peer: str = "ana", room: str = "r") -> ClientConnection:
    assert daemon.url is not None
    url = f"{daemon.url.replace('http', 'ws')}?roomId={room}&peerId={peer}&token={text}"
    return connect(url, subprotocols=[Subprotocol("protoo")])


def over_protoo(daemon: Daemon, text: str) -> str:
    """The reason of the refusal; empty when there is none."""
    try:
        with protoo(daemon, text):
            return ""
    except InvalidStatus as refused:
        answer = refused.response
        reason = answer.headers["X-WebSocket-Reject-Reason"]
        return reason if answer.status_code == 401 else f"with status {answer.status_code}: {reason}"


def over_http(daemon: Daemon, text: str) -> str:
    request = urllib.request.Request(f"{daemon.url}rooms/r", headers={"Authorization": f"Bearer {text}"})
    try:
        with urllib.request.urlopen(request, timeout=10):
            return ""
    except urllib.error.HTTPError as refused:
        body = refused.read().decode()
        return "" if refused.code == 404 else body


def over_socketio(daemon: Daemon, text: str, namespace: str = "/") -> str:
    assert daemon.url is not None
    url = f"{daemon.url.replace('http', 'ws')}socket.io/?EIO=4&transport=websocket&roomId=r"
    where = "" if namespace == "/" else f"{namespace},"
    with connect(url) as connection:
        connection.recv(timeout=10)
        connection.send(f"40{where}{json.dumps({'token': text})}")
        answer = connection.recv(timeout=10)
        assert isinstance(answer, str)
    if answer.startswith("40"):
        return ""
    message: str = json.loads(answer[answer.index("{") :])["message"]
    return message.removeprefix("Authentication error: ")


def unsigned(claims: dict[str, Any]) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return b".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts), b""]).decode()


GOOD: dict[str, Any] = {"exp": HOUR, "userId": "ana", "email": "a@b.example", "roomId": "r", "aud": "sfu"}
REFUSED = [
    (signed_by("ec", GOOD | {"exp": HOUR - 7200}), "the token is expired"),
    (signed_by("ec", GOOD | {"nbf": HOUR}), "the token is not valid yet"),
    (unsigned(GOOD), "the token is not signed with ES256 or HS256, but none"),
    (token(GOOD, key=public_pem("ec")[:64].decode()), "the token is signed with another key"),
    (signed_by("ec", GOOD, number=1), "the token is signed with another key"),
    (token(GOOD, key=private_key("ec-384"), algorithm="ES384"), "not signed with ES256 or HS256, but ES384"),
    (signed_by("ec", GOOD, number=1, kid="lost"), "the token is signed with a key that is not known: lost"),
    (signed_by("ec", GOOD | {"jti": "taken-back"}), "the token is revoked"),
    (signed_by("ec", GOOD | {"publish": "no"}), "the token's publish claim is neither true nor false"),
    (
        signed_by("ec", GOOD | {"limits": {"all": 1}}),
        "the token's limits.all claim is none of bitrate",
    ),
    (signed_by("ec", GOOD | {"s3": {"secret": "x"}}), "the token carries a secret in s3.secret"),
    (signed_by("ec", GOOD | {"aud": "other"}), "the token is for another audience"),
    (signed_by("ec", {**GOOD, "exp": None}), "the token's exp claim is no number of seconds"),
    ("nonsense", "the token is malformed"),
    ("", "a token is required"),
]


def test_what_is_refused_is_refused_alike_everywhere(tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_bytes(public_pem("ec"))
    settings = f"""
        jwt_secrets = "{OTHER}"
        jwt_public_keys = "{tmp_path}/app.pem"
        token_audience = "sfu"
        """
    with node(tmp_path, settings, STATE_DIRECTORY=str(tmp_path)) as daemon:
        mediactl(daemon, "token", "revoke", "taken-back")
        for text, reason in REFUSED:
            for way in (over_protoo, over_http, over_socketio):
                assert reason in way(daemon, text), (way.__name__, reason)
            assert reason in over_socketio(daemon, text, "/mediasoup")
        good = signed_by("ec", GOOD)
        for way in (over_protoo, over_http, over_socketio):
            assert way(daemon, good) == ""
        told = mediactl(daemon, "status")
        assert "needed; HS256 by jwt_secrets[0], ES256 by jwt_public_keys" in told
        log = daemon.log
        assert good not in log
        assert SECRET not in log


def exchange(connection: ClientConnection, number: int) -> None:
    """Ask over an open connection, and get an answer."""
    connection.send(
        json.dumps({"request": True, "id": number, "method": "getRouterRtpCapabilities", "data": {}})
    )
    while True:
        answer = json.loads(connection.recv(timeout=20))
        if answer.get("response") and answer["id"] == number:
            assert answer["ok"]
            return


def admitted(daemon: Daemon, tokens: dict[str, str]) -> list[str]:
    return [name for name, text in tokens.items() if not over_protoo(daemon, text)]


def test_keys_are_exchanged_below_open_calls(tmp_path: Path) -> None:
    """Exchange keys of all kinds: no connection closes, and at each time exactly their tokens admit."""
    pem, file = tmp_path / "app.pem", tmp_path / "mediad.toml"
    pem.write_bytes(public_pem("ec"))
    tokens = {
        "secret": token({"exp": HOUR}),
        "ec": signed_by("ec", {"exp": HOUR}),
        "ed": signed_by("ed", {"exp": HOUR}),
        "one": signed_by("ec", {"exp": HOUR}, number=1, kid="one"),
        "two": signed_by("ec", {"exp": HOUR}, number=2, kid="two"),
    }
    before, after = ["secret", "ec", "one"], ["ed", "two"]
    one, two = (json.dumps({"keys": [jwk("ec", n, kid=kid)]}).encode() for n, kid in ((1, "one"), (2, "two")))
    with serving_document(one) as server, ExitStack() as calls:
        both = f'jwt_public_keys = "{pem}"\njwt_jwks = "{server.url}"\n'
        daemon = calls.enter_context(node(tmp_path, f'jwt_secrets = "{SECRET}"\n' + both))
        opened = [calls.enter_context(protoo(daemon, tokens[name], name)) for name in before]
        assert admitted(daemon, tokens) == before
        pem.write_bytes(public_pem("ed"))
        server.serve_document(two)
        file.write_text(both)
        daemon.process.send_signal(signal.SIGHUP)
        until_sync(lambda: "the keys of tokens have changed" in daemon.log)
        until_sync(lambda: "jwt_jwks: keys of tokens: two (ES256)" in daemon.log)
        assert admitted(daemon, tokens) == after
        server.serve_document(b"", b"500 Broken")
        mediactl(daemon, "reload")
        until_sync(lambda: "could not be fetched" in daemon.log)
        assert admitted(daemon, tokens) == after
        assert "it answers with status 500" in mediactl(daemon, "status")
        pem.write_bytes(b"half a file")
        assert run_mediactl(daemon.admin_socket, "reload").code == 1
        assert admitted(daemon, tokens) == after
        for number, connection in enumerate(opened):
            exchange(connection, number)


def test_the_first_clients_wait_for_the_keys(tmp_path: Path) -> None:
    """A daemon that has just started admits those whose keys it is still fetching."""
    text = signed_by("ec", {"exp": HOUR}, kid="one")
    document = json.dumps({"keys": [jwk("ec", kid="one")]}).encode()
    with serving_document(document) as server, node(tmp_path, f'jwt_jwks = "{server.url}"\n') as daemon:
        assert over_protoo(daemon, text) == ""
        guesses = [over_protoo(daemon, signed_by("ec", {"exp": HOUR}, kid=f"k{n}")) for n in range(20)]
        assert all("a key that is not known" in reason for reason in guesses)
        assert len(server.requests) == 1


def test_a_url_without_keys_lets_nobody_in(tmp_path: Path) -> None:
    with serving_document(b"no keys") as server, node(tmp_path, f'jwt_jwks = "{server.url}"\n') as daemon:
        for text in (token({"exp": HOUR}), unsigned({"exp": HOUR})):
            assert (
                over_protoo(daemon, text)
                == "the token cannot be checked: the server has no keys yet, try again soon"
            )
        assert over_protoo(daemon, "") == "a token is required"


def test_a_token_for_one_use(tmp_path: Path) -> None:
    once = token({"exp": HOUR, "once": True, "jti": "one", "roomId": "r"})
    with node(tmp_path, f'jwt_secrets = "{SECRET}"\n') as daemon, protoo(daemon, once) as connection:
        assert over_protoo(daemon, once) == "the token is for one use, and was used"
        assert over_http(daemon, once) == "the token is for one use, and was used"
        exchange(connection, 1)


def test_what_mediactl_does_with_tokens(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(private_pem("ed"))
    (tmp_path / "app.pem").write_bytes(public_pem("ed"))
    settings = f'jwt_secrets = "{SECRET}"\njwt_public_keys = "{tmp_path}/app.pem"\n'
    with node(tmp_path, settings, STATE_DIRECTORY=str(tmp_path)) as daemon:
        minted = mediactl(daemon, "token", "mint", "--room", "r", "--ttl", "5m")
        signed = mediactl(daemon, "token", "mint", "--room", "r", "--key", f"{tmp_path}/key.pem")
        for text in (minted, signed):
            assert over_protoo(daemon, text) == ""
            assert "it admits" in mediactl(daemon, "token", "verify", text, "--room", "r")
            said = run_mediactl(daemon.admin_socket, "token", "verify", text, "--room", "other")
            assert (said.code, "room       FAILED  the token is for another roomId" in said.out) == (1, True)
        mediactl(daemon, "token", "revoke", minted)
        assert over_protoo(daemon, minted) == "the token is revoked"
        assert minted not in daemon.log
    with node(tmp_path, settings, STATE_DIRECTORY=str(tmp_path)) as daemon:
        assert over_protoo(daemon, minted) == "the token is revoked"
        name = mediactl(daemon, "token", "revoked").splitlines()[1].split()[0]
        mediactl(daemon, "token", "restore", name)
        assert over_protoo(daemon, minted) == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_nobody_opens_a_server_to_everyone_by_mistake(host: str, tmp_path: Path) -> None:
    (tmp_path / "mediad.toml").write_text(f'host = "{host}"\n')
    with running("--config", str(tmp_path / "mediad.toml")) as daemon:
        assert daemon.wait_exit() == ExitCode.CONFIG
        assert daemon.lines[-1].startswith(
            f"mediad: host: got '{host}' (file {tmp_path}/mediad.toml:1), expected an"
        )
        assert "set jwt_secrets, jwt_public_keys or jwt_jwks" in daemon.lines[-1]
        assert "set open = true" in daemon.lines[-1]
    with node(tmp_path, f'host = "{host}"\nopen = true\n') as daemon:
        said = mediactl(daemon, "status")
        assert "not needed: whoever reaches this node may enter every room" in said
        (tmp_path / "mediad.toml").write_text(f'host = "{host}"\n')
        said = run_mediactl(daemon.admin_socket, "reload").err
        assert "set open = true" in said


def test_tokens_of_other_servers_mean_the_same_everywhere(tmp_path: Path) -> None:
    livekit = token({"exp": HOUR, "sub": "ana", "video": {"room": "r", "roomJoin": True}})
    admin = token({"exp": HOUR, "sub": "ana", "video": {"room": "r", "roomAdmin": True}})
    meetlite = token({"exp": HOUR, "userId": "ana", "email": "a@b.example", "roomId": "r"})
    with node(tmp_path, f'jwt_secrets = "{SECRET}"\n') as daemon:
        for text in (livekit, meetlite):
            for way in (over_protoo, over_http, over_socketio):
                assert way(daemon, text) == ""
            for peer, room, reason in (("ben", "r", "peerId"), ("ana", "other", "roomId")):
                with pytest.raises(InvalidStatus) as refused, protoo(daemon, text, peer, room):
                    pass
                told = refused.value.response.headers["X-WebSocket-Reject-Reason"]
                assert told == f"the token is for another {reason}"
        assert over_protoo(daemon, admin) == "the token's video.roomJoin claim is not true: it joins no room"
        assert over_http(daemon, admin) == ""
