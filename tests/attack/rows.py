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
            about="a worker that dies a moment after each start",
            bar="starts are spaced out, /health says so, the other worker serves",
            tests=(
                "tests/attack/test_faults.py::test_a_worker_that_dies_again_and_again_is_started_less_and_less_often",
                "tests/supervisor/workers/test_restarts.py",
            ),
        ),
        Row(
            name="out-of-memory",
            about="the kernel refuses memory to one worker",
            bar="that worker alone dies, and is replaced",
            tests=(
                "tests/attack/test_faults.py::test_a_worker_without_memory_dies_alone",
                "tests/supervisor/workers/test_memory_keeper.py",
            ),
        ),
        Row(
            name="log-blocked",
            about="nobody reads the log, journald is away, the disk is full",
            bar="calls and joins go on, lost lines are counted",
            tests=(
                "tests/attack/test_faults.py::test_a_call_goes_on_while_nobody_reads_the_log",
                "tests/e2e/test_observability.py::test_a_log_that_nobody_reads_holds_up_nobody",
                "tests/logs/test_sink.py",
                "tests/telemetry/test_outbox.py",
                "tests/recorder/files/test_recording.py",
            ),
        ),
        Row(
            name="descriptors",
            about="strangers take every place that there is",
            bar="they are refused by name, rooms and operators go on",
            tests=(
                "tests/attack/test_faults.py::test_without_descriptors_newcomers_are_told_and_rooms_go_on",
                "tests/e2e/test_scarce_descriptors.py",
            ),
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
        Row(
            name="http-flood",
            about="requests without end, slow and large ones",
            bar="memory is bounded, joins take at most twice as long",
            attacks=(
                "http-requests",
                "http-pipelined",
                "http-slow-heads",
                "http-slow-bodies",
                "http-big-heads",
            ),
        ),
        Row(
            name="front-limits",
            about="one address at the front: connects, frames, bombs, messages, no reading",
            bar="64 KiB for each connection before a join; codes 1009, 1013 and 4429",
            tests=("tests/e2e/test_front_floods.py",),
        ),
        Row(
            name="tcp-flood",
            about="connections to the media port: many, idle, half a frame, junk",
            bar="each address has its share, joins take at most twice as long",
            attacks=("tcp-connects", "tcp-idle", "tcp-half-frames", "tcp-junk", "tcp-checks"),
        ),
        Row(
            name="greedy-peer",
            about="a thousand producers, a hundred transports, 65 534 SSRCs of one peer",
            bar="limits by name, memory hardly grows",
            tests=(
                "tests/attack/test_faults.py::test_a_peer_that_asks_for_a_thousand_of_everything",
                "tests/e2e/test_greedy_peer.py",
                "tests/_fastpath/engine/ingress/test_shares.py",
                "tests/_fastpath/engine/ingress/test_srtp_streams.py",
            ),
        ),
        Row(
            name="feedback-storm",
            about="hundreds of receivers ask for key frames and repeats without end",
            bar="one key frame request a second goes on, repeats have a budget",
            tests=(
                "tests/_fastpath/engine/ingress/test_storms.py",
                "tests/_fastpath/stream/test_keyframes.py",
            ),
        ),
        Row(
            name="slow-receivers",
            about="a client that does not read, over TCP and data channels",
            bar="its queue is bounded, the oldest goes, others notice nothing",
            tests=(
                "tests/_fastpath/io/test_tcp_queue.py",
                "tests/_fastpath/io/test_tcp_send.py",
                "tests/worker/data/test_send_queues.py",
            ),
        ),
        Row(
            name="tokens-refused",
            about="expired, unsigned, forged, revoked tokens, unknown keys; keys are exchanged during calls",
            bar="each is refused with its reason, no call ends",
            tests=("tests/e2e/test_tokens.py", "tests/tokens"),
        ),
        Row(
            name="grants",
            about="peers do what their tokens do not allow, in every dialect; operators change it in calls",
            bar="refused with the grant's name; what is withdrawn ends at once and stays so",
            tests=("tests/e2e/test_grants.py", "tests/rooms/test_grants_in_rooms.py"),
        ),
        Row(
            name="incidents",
            about="what has brought down or opened other servers",
            bar="nothing of it happens here",
            tests=("tests/attack/test_incidents.py",),
        ),
        Row(
            name="parsers",
            about="changed input into every parser, for a moment; scripts/fuzz has the long runs",
            bar="no crash, no finding",
            tests=("tests/fuzz",),
        ),
        Row(
            name="sandbox",
            about="the unit's sandbox, and what a worker that was taken over can do",
            bar="no privilege, a filter of system calls, no other files",
            tests=("tests/test_systemd.py", "tests/e2e/test_sandbox.py", "tests/e2e/test_confinement.py"),
        ),
    )
}
