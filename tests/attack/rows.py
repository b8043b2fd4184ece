"""Floods and faults by name: what is tried, and the attacks or tests that try it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing to try, and what holds it."""

    name: str
    about: str
    bar: str
    attacks: tuple[str, ...] = ()
    """The attacks that are played, each alone."""
    tests: tuple[str, ...] = ()
    """The tests that hold it, for pytest."""


ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        Row(
            name="poison",
            about="a request that crashes a worker, sent again by a client that comes back",
            bar="two crashes at most, then that request is refused",
            tests=("tests/e2e/test_poison.py",),
        ),
        Row(
            name="crash-loop",
            about="a worker that dies at each start",
            bar="starts are spaced out, /health says so, the other workers serve",
            tests=("tests/supervisor/workers/test_restarts.py",),
        ),
        Row(
            name="dtls-flood",
            about="ClientHellos from anywhere, 10 000 a second, while people join",
            bar="all join, p99 of joins at most twice as long",
            attacks=("dtls-hellos", "dtls-call-hellos", "dtls-fragments"),
        ),
        Row(
            name="stun-flood",
            about="checks with a wrong password, 200 000 a second",
            bar="no more bytes back than came, loss of the call at most 0.1 %",
            attacks=("stun-integrity", "stun-answers", "stun-unknown", "stun-junk"),
        ),
        Row(
            name="rtp-flood",
            about="forged, repeated and broken RTP and RTCP to a live call, 100 000 a second",
            bar="nothing crashes, loss of the call at most 0.1 %",
            attacks=("rtp-garbage", "rtp-replay", "rtp-wrong-ssrc", "rtcp-garbage"),
        ),
        Row(
            name="websocket-flood",
            about="connects, heads that never end, frames that are too large, bombs, messages",
            bar="memory is bounded, codes 1009, 1013 and 1008, loss of the call at most 0.1 %",
            attacks=(
                "ws-connects",
                "ws-slowloris",
                "ws-large-frames",
                "ws-zip-bombs",
                "ws-messages",
                "ws-deaf",
            ),
        ),
    )
}
