"""The verbs about tokens: what they ask, and what they show."""

from __future__ import annotations

import argparse
import io
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from mediad.ctl.command import Ask
from mediad.ctl.exits import CtlExit
from mediad.ctl.main import build_parser
from mediad.ctl.verbs.tokens import COMMANDS, moment, seconds
from tests.support.scripted_session import ScriptedSession
from tests.support.signing import private_key, private_pem

SHOW = {command.name: command.run.show for command in COMMANDS if isinstance(command.run, Ask)}


def ran(
    words: str, *answers: dict[str, Any], as_json: bool = False
) -> tuple[CtlExit | None, ScriptedSession]:
    given = vars(build_parser().parse_args(words.split()))
    session = ScriptedSession(*answers, as_json=as_json)
    return given["command"].run(session, given["command"].data(given)), session


def minted(words: str) -> dict[str, Any]:
    """The claims that a daemon is asked to sign, but for those that differ each time."""
    _, session = ran(f"token mint {words}", {"token": "t", "claims": {}})
    ((method, data),) = session.asked
    assert method == "token.mint"
    claims: dict[str, Any] = json.loads(data["claims"])
    assert len(claims.pop("jti")) == 16
    assert abs(claims.pop("iat") - time.time()) < 60
    claims["exp"] = round(claims["exp"] - time.time(), -2)
    return claims


def test_minting(capsys: pytest.CaptureFixture[str]) -> None:
    assert minted("") == {"exp": 3600}
    assert minted("--room r --peer p --ttl 5m --once") == {
        "roomId": "r",
        "peerId": "p",
        "exp": 300,
        "once": True,
    }
    assert minted("--no-publish --no-subscribe --no-data --admin --record") == {
        "exp": 3600,
        "publish": False,
        "subscribe": False,
        "data": False,
        "admin": True,
        "mayRecord": True,
    }
    assert minted("--source webcam --source mic --codec video/VP8 --max-bitrate 5 --max-producers 0") == {
        "exp": 3600,
        "sources": ["webcam", "mic"],
        "codecs": ["video/VP8"],
        "limits": {"bitrate": 5, "producers": 0},
    }
    assert minted("--audience sfu --issuer ops") == {"exp": 3600, "aud": "sfu", "iss": "ops"}
    assert capsys.readouterr().out == "t\n" * 5


def test_minting_with_a_private_key_asks_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key.pem").write_bytes(private_pem("ed"))
    _, session = ran(f"token mint --room r --key {tmp_path}/key.pem --kid one", {})
    assert session.asked == []
    text = capsys.readouterr().out.strip()
    assert jwt.decode(text, private_key("ed").public_key(), algorithms=["EdDSA"])["roomId"] == "r"
    assert jwt.get_unverified_header(text)["kid"] == "one"


def test_verifying(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    checks = [{"check": "exp", "ok": False, "text": "the token is expired"}]
    answer = {"needed": True, "admits": False, "checks": checks}
    code, session = ran("token verify a.b.c --room r --peer p", answer)
    assert (code, session.asked) == (
        CtlExit.REFUSED,
        [("token.verify", {"token": "a.b.c", "roomId": "r", "peerId": "p"})],
    )
    shown = capsys.readouterr().out.splitlines()
    assert shown[1].split() == ["exp", "FAILED", "the", "token", "is", "expired"]
    assert shown[-1] == "it does not admit"
    monkeypatch.setattr("sys.stdin", io.StringIO(" a.b.c\n"))
    code, session = ran("token verify -", {"needed": True, "admits": True, "checks": []})
    assert (code, session.asked) == (CtlExit.OK, [("token.verify", {"token": "a.b.c"})])
    assert capsys.readouterr().out.endswith("it admits\n")
    code, _ = ran("token verify a.b.c", answer | {"needed": False})
    assert code == CtlExit.OK
    assert "no token is needed here" in capsys.readouterr().out
    ran("token verify a.b.c", answer, as_json=True)
    assert json.loads(capsys.readouterr().out) == answer


def test_revoking(capsys: pytest.CaptureFixture[str]) -> None:
    _, session = ran(
        "token revoke one --until 7d", {"name": "jti:one", "untilS": 0.0, "note": "kept in memory"}
    )
    ((method, data),) = session.asked
    assert (method, data["token"]) == ("token.revoke", "one")
    assert abs(data["untilS"] - time.time() - 7 * 86_400) < 60
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith(
        "jti:one is revoked until 1970-01-01 00:00:00 UTC; who is in a room already stays"
    )
    assert shown[1] == "kept in memory"
    ran("token revoke one", {"name": "jti:one", "untilS": None, "note": ""})
    assert "is revoked for good" in capsys.readouterr().out


def test_what_is_revoked() -> None:
    assert SHOW["token revoked"]({"revoked": []}) == "no token is revoked"
    rows = [{"name": "jti:a", "untilS": None}, {"name": "jti:b", "untilS": 0.0}]
    assert [line.split() for line in SHOW["token revoked"]({"revoked": rows}).splitlines()[1:]] == [
        ["jti:a", "for", "good"],
        ["jti:b", "1970-01-01", "00:00:00", "UTC"],
    ]
    assert SHOW["token restore"]({"name": "jti:a", "note": ""}) == "jti:a is not revoked any more"


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("15m", 900), ("1h", 3600), ("7d", 604_800)])
def test_times(text: str, expected: float) -> None:
    assert seconds(text) == expected
    assert abs(moment(text) - time.time() - expected) < 60


@pytest.mark.parametrize("text", ["", "0s", "1", "h", "-1h", "1.5h", "9999999999s", "1 h", "tomorrow"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        seconds(text)


def test_moments() -> None:
    assert moment("2030-01-31T00:00:00+00:00") == 1_896_048_000
    with pytest.raises(argparse.ArgumentTypeError, match="neither a date"):
        moment("tomorrow")
