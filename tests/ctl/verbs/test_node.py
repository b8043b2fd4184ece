"""The output of the verbs about the node."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.ctl.command import Ask
from mediad.ctl.verbs.node import COMMANDS, _tokens

SHOW = {command.name: command.run.show for command in COMMANDS if isinstance(command.run, Ask)}


def test_status() -> None:
    data = {
        "status": "ok",
        "url": "http://127.0.0.1:3000/",
        "version": "1.2",
        "pid": 7,
        "uptimeS": 3661.2,
        "workers": 2,
        "workersReady": 1,
        "restarts": 3,
        "rooms": 4,
        "peers": 9,
        "udpGso": True,
        "udpGro": None,
        "problems": [],
    }
    lines = dict(line.split(maxsplit=1) for line in SHOW["status"](data).splitlines()[:8])
    assert lines["status"] == "ok"
    assert lines["up"] == "1h 1m"
    assert lines["workers"] == "1 of 2 ready, 3 restarts"
    assert SHOW["status"](data).splitlines()[-2:] == ["UDP GSO  yes", "UDP GRO  unknown"]
    ill = SHOW["status"]({**data, "problems": ["worker 1 has failed 4 times in a row"]})
    assert ill.splitlines()[-1].split(maxsplit=1) == ["problem", "worker 1 has failed 4 times in a row"]
    assert "not serving yet" in SHOW["status"]({**data, "url": None})


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (None, "-"),
        ({"needed": False}, "not needed: whoever reaches this node may enter every room"),
        ({"needed": True, "keys": [], "refused": {}}, "needed; no key yet; 0 refused"),
        (
            {
                "needed": True,
                "keys": [{"algorithm": "ES256", "name": f"jwt_jwks[{n}]"} for n in range(5)],
                "refused": {"expired": 3, "used": 1},
            },
            "needed; ES256 by jwt_jwks[0], ES256 by jwt_jwks[1], ES256 by jwt_jwks[2], "
            "ES256 by jwt_jwks[3], …; 4 refused",
        ),
    ],
)
def test_tokens(tokens: dict[str, Any] | None, words: str) -> None:
    assert _tokens(tokens or {}) == words


def test_workers() -> None:
    ready = {"workerId": 0, "state": "ready", "pid": 11, "roomCount": 2, "cpuUsage": 0.25, "rssBytes": 2**26}
    ready |= {"uptimeS": 5, "restarts": 0, "lastDeath": None, "firstPort": 10000, "lastPort": 10999}
    ready["tables"] = {
        "peers": {"used": 1, "capacity": 8192},
        "transports": {"used": 4096, "capacity": 8192},
    }
    gone = {
        **ready,
        "tables": {},
        "workerId": 1,
        "state": "restarting",
        "pid": None,
        "lastDeath": "it was killed by SIGKILL",
    }
    heading, first, second = SHOW["workers"]({"workers": [ready, gone]}).splitlines()
    assert heading.split()[:5] == ["WORKER", "STATE", "PID", "ROOMS", "CPU"]
    assert first.split() == [
        "0",
        "ready",
        "11",
        "2",
        "25%",
        "64",
        "MiB",
        "5s",
        *["transports", "50%", "0", "10000-10999", "-"],
    ]
    assert second.endswith("it was killed by SIGKILL")
