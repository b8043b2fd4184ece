"""Pictures again and again: what is in them, and how they end."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from mediad.ctl.main import main
from mediad.ctl.verbs.live import _stats, _top, counters, draw_top
from tests.support.scripted_session import ScriptedSession

WORKER = {"workerId": 0, "state": "ready", "cpuUsage": 0.5, "rssBytes": 2**26, "roomCount": 1}
MEMBER = {
    "peerId": "ana",
    "displayName": "Ana",
    "producers": 2,
    "consumers": 4,
    "recvBitrate": 900_000,
    "sendBitrate": 100_000,
    "lossReceived": 0.01,
    "lossSent": None,
    "availableBitrate": 3_000_000,
}
ROOM = {
    "roomId": "lobby",
    "workerId": 0,
    "peers": 1,
    "producers": 2,
    "consumers": 4,
    "recvBitrate": 900_000,
    "sendBitrate": None,
    "members": [MEMBER],
}
PICTURE: dict[str, Any] = {
    "status": "ok",
    "rooms": 1,
    "peers": 1,
    "recvBitrate": 900_000,
    "sendBitrate": 100_000,
    "workers": [WORKER],
    "busiest": [ROOM],
}


def test_top_shows_the_node_its_workers_rooms_and_peers() -> None:
    lines = draw_top(PICTURE, False, None).splitlines()
    assert lines[0] == "mediad ok: 1 room, 1 peer, 900 kbps in, 100 kbps out"
    assert lines[2].split() == ["worker", "0", "ready", "50%", "64", "MiB", "1", "room"]
    assert lines[5].split() == ["lobby", "0", "1", "peer", "2", "4", "900", "kbps", "-"]
    cells = ["ana", "Ana", "2", "4", "900", "kbps", "100", "kbps", "1.0%", "-", "3.0", "Mbps"]
    assert lines[6].split() == cells
    assert len(draw_top(PICTURE, True, None).splitlines()) == 6


@pytest.mark.parametrize("lines", [1, 5, 6, 7, 20])
def test_top_fits(lines: int) -> None:
    drawn = draw_top(PICTURE, False, lines).splitlines()
    assert len(drawn) == min(7, max(5, lines))


def test_top_draws_each_picture(capsys: pytest.CaptureFixture[str]) -> None:
    session = ScriptedSession(PICTURE, PICTURE)
    assert _top(session, {"intervalS": 3.0, "roomsOnly": True}) is None
    assert session.asked == [("top", {"intervalS": 3.0})]
    assert capsys.readouterr().out.count("lobby") == 2
    _top(ScriptedSession(PICTURE, as_json=True), {})
    assert json.loads(capsys.readouterr().out) == PICTURE


@pytest.mark.parametrize("as_json", [True, False])
def test_ctrl_c_is_how_watching_ends(as_json: bool) -> None:
    session = ScriptedSession(PICTURE, KeyboardInterrupt(), as_json=as_json)
    assert _top(session, {}) is None
    session = ScriptedSession(KeyboardInterrupt(), as_json=as_json)
    assert _stats(session, {"watch": 2.0}) is None


def test_counters_are_flat_and_by_worker() -> None:
    reports: dict[str, dict[str, Any]] = {
        "0": {"dropped": {"replay": 3}, "transports": 2},
        "1": {"transports": 5, "udpGso": True},
    }
    assert [line.split() for line in counters(reports).splitlines()] == [
        ["COUNTER", "WORKER", "0", "WORKER", "1"],
        ["dropped.replay", "3", "-"],
        ["transports", "2", "5"],
        ["udpGso", "-", "True"],
    ]


def test_counters_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    reports: dict[str, dict[str, Any]] = {"0": {"dropped": {"replay": 3, "stale": 1}, "transports": 2}}
    assert len(counters(reports, name="dropped.").splitlines()) == 3
    _stats(ScriptedSession({"reports": reports}), {"name": "stale"})
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["COUNTER", "dropped.stale"]


def test_counters_with_what_they_gained() -> None:
    before = {"0": {"packets": 100, "lost": 7, "udpGso": True}}
    now = {"0": {"packets": 150, "lost": 3, "udpGso": True, "new": 1}}
    assert [line.split() for line in counters(now, before, 2.0).splitlines()] == [
        ["COUNTER", "WORKER", "0", "PER", "S"],
        ["lost", "3", "-"],
        ["new", "1", "-"],
        ["packets", "150", "25.0"],
        ["udpGso", "True", "-"],
    ]


def test_stats_once(capsys: pytest.CaptureFixture[str]) -> None:
    _stats(ScriptedSession({"reports": {"0": {"n": 1}}}), {})
    assert capsys.readouterr().out.splitlines()[1].split() == ["n", "1"]


def test_stats_again_and_again(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    slept: list[float] = []
    clock = iter([10.0, 14.0])
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    session = ScriptedSession({"reports": {"0": {"n": 1}}}, {"reports": {"0": {"n": 9}}})
    assert _stats(session, {"watch": 5.0, "count": 2}) is None
    assert slept == [5.0]
    assert capsys.readouterr().out.splitlines()[-1].split() == ["n", "9", "2.0"]


@pytest.mark.parametrize(
    "argv", [["top", "--interval", "0"], ["top", "--count", "0"], ["stats", "--watch", "never"]]
)
def test_what_makes_no_sense(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
