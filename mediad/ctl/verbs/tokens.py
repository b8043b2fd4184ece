"""Verbs about tokens: mint, verify, revoke, restore, revoked."""

from __future__ import annotations

import argparse
import datetime
import json
import re
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from mediad.ctl.command import Ask, Command, argument
from mediad.ctl.exits import CtlExit
from mediad.ctl.render import table
from mediad.ctl.session import Data, Session
from mediad.ctl.signing import sign

MAX_TOKEN_BYTES = 64 * 1024
"""The most that is read of standard input."""

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(text: str) -> float:
    """Return a time like 90s, 15m, 1h or 7d in seconds."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd])", text.strip())
    if found is None or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 90s, 15m, 1h or 7d")
    return float(int(found[1]) * _UNITS_S[found[2]])


def moment(text: str) -> float:
    """Return the Unix time of a date, or of a time from now such as 7d."""
    try:
        return time.time() + seconds(text)
    except argparse.ArgumentTypeError:
        pass
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a date such as 2030-01-31 nor a time from now such as 7d"
        ) from None
    return found.timestamp()


def _given(text: str) -> str:
    """Return a token of the command line; `-` is the one on standard input, which no process list shows."""
    return sys.stdin.read(MAX_TOKEN_BYTES).strip() if text == "-" else text.strip()


def _mint(session: Session, data: Data) -> None:
    claims = _claims(data)
    key = data.get("key")
    if key is None:
        answer = session.call("token.mint", {"claims": json.dumps(claims)})
    else:
        answer = {"token": sign(claims, Path(key), data.get("kid")), "claims": claims}
    if session.as_json:
        session.print_json(answer)
    else:
        session.print(answer["token"])


def _claims(data: Data) -> dict[str, Any]:
    """Return the claims that the options ask for, under the names of docs/signaling.md."""
    now_s = int(time.time())
    claims: dict[str, Any] = {"jti": secrets.token_urlsafe(12), "iat": now_s}
    claims["exp"] = now_s + int(data["ttl"])
    for name in ("roomId", "peerId", "aud", "iss", "sources", "codecs"):
        if data.get(name) is not None:
            claims[name] = data[name]
    for name in ("publish", "subscribe", "data"):
        if data.get(name) is False:
            claims[name] = False
    for name in ("admin", "mayRecord", "once"):
        if data.get(name):
            claims[name] = True
    limits = {
        name: data[name] for name in ("bitrate", "producers", "consumers") if data.get(name) is not None
    }
    return claims | ({"limits": limits} if limits else {})


def _verify(session: Session, data: Data) -> CtlExit:
    answer = session.call("token.verify", data | {"token": _given(data["token"])})
    if session.as_json:
        session.print_json(answer)
    else:
        rows = [(one["check"], "ok" if one["ok"] else "FAILED", one["text"]) for one in answer["checks"]]
        session.print(table(("CHECK", "", "FOUND"), rows))
        if not answer["needed"]:
            session.print("no token is needed here: everyone is let in, whatever this one says")
        else:
            session.print("it admits" if answer["admits"] else "it does not admit")
    return CtlExit.OK if answer["admits"] or not answer["needed"] else CtlExit.REFUSED


def _revoke(session: Session, data: Data) -> None:
    answer = session.call("token.revoke", data | {"token": _given(data["token"])})
    if session.as_json:
        session.print_json(answer)
        return
    until = "for good" if answer["untilS"] is None else f"until {_date(answer['untilS'])}"
    session.print(f"{answer['name']} is revoked {until}; who is in a room already stays (mediactl peer kick)")
    if answer["note"]:
        session.print(answer["note"])


def _restored(data: Data) -> str:
    return "\n".join(filter(None, (f"{data['name']} is not revoked any more", data["note"])))


def _revoked(data: Data) -> str:
    rows = [
        (one["name"], "for good" if one["untilS"] is None else _date(one["untilS"]))
        for one in data["revoked"]
    ]
    return table(("TOKEN", "UNTIL"), rows) if rows else "no token is revoked"


def _date(unix_s: float) -> str:
    return f"{datetime.datetime.fromtimestamp(unix_s, datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"


_TOKEN = argument("token", metavar="TOKEN", help="the token; - reads it from standard input")

COMMANDS = (
    Command(
        "token mint",
        "write a token, signed with the first of jwt_secrets, or with a private key",
        _mint,
        (
            argument("--room", dest="roomId", metavar="ROOM", help="the only room that it is for"),
            argument("--peer", dest="peerId", metavar="PEER", help="the only peer that it is for"),
            argument("--ttl", type=seconds, default=3600.0, metavar="TIME", help="how long it is valid (1h)"),
            argument("--once", action="store_true", help="let it admit once"),
            argument("--no-publish", dest="publish", action="store_false", help="may send no tracks"),
            argument("--no-subscribe", dest="subscribe", action="store_false", help="may receive nothing"),
            argument("--no-data", dest="data", action="store_false", help="may send no messages"),
            argument("--admin", action="store_true", help="may act on others"),
            argument("--record", dest="mayRecord", action="store_true", help="may record the room"),
            argument(
                "--source", dest="sources", action="append", metavar="NAME", help="may send this source"
            ),
            argument("--codec", dest="codecs", action="append", metavar="MIME", help="may send this codec"),
            argument("--max-bitrate", dest="bitrate", type=int, metavar="BPS", help="may send this much"),
            argument("--max-producers", dest="producers", type=int, metavar="N", help="tracks it may send"),
            argument(
                "--max-consumers", dest="consumers", type=int, metavar="N", help="tracks it may receive"
            ),
            argument("--audience", dest="aud", metavar="TEXT", help="the claim aud"),
            argument("--issuer", dest="iss", metavar="TEXT", help="the claim iss"),
            argument("--key", metavar="FILE", help="the PEM file of a private key; mediad is not asked then"),
            argument("--kid", metavar="NAME", help="the name of that key"),
        ),
    ),
    Command(
        "token verify",
        "say what each check of a token finds, and what it allows",
        _verify,
        (
            _TOKEN,
            argument("--room", dest="roomId", metavar="ROOM", help="the room to enter"),
            argument("--peer", dest="peerId", metavar="PEER", help="the peer to enter it as"),
        ),
    ),
    Command(
        "token revoke",
        "let a token admit no more; who is in a room already stays",
        _revoke,
        (
            argument(
                "token", metavar="TOKEN|JTI", help="the token, or its jti; - reads it from standard input"
            ),
            argument(
                "--until",
                dest="untilS",
                type=moment,
                metavar="TIME",
                help="a date, or a time from now such as 7d",
            ),
        ),
    ),
    Command(
        "token restore",
        "take a revocation back",
        Ask("token.restore", _restored),
        (argument("name", metavar="NAME", help="as mediactl token revoked has it"),),
    ),
    Command("token revoked", "the tokens that are revoked", Ask("token.revoked", _revoked)),
)

GROUPS = {"token": "the tokens that let clients in"}
