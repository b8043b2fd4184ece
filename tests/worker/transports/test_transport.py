"""A transport of a kind without protocols of its own: what every kind has."""

from __future__ import annotations

import pytest

from mediad.errors import Full
from mediad.pipe.events import DtlsStateChanged, RouterEvent
from mediad.protocols.ice import IceParameters
from mediad.worker.context import RouterContext
from mediad.worker.data.sctp import Sctp
from mediad.worker.media.plane import THROTTLED_TRANSPORTS, Kind
from mediad.worker.policy.emulated_link import LinkSettings
from mediad.worker.transports.handshakes import Handshakes
from mediad.worker.transports.throttled import Network
from mediad.worker.transports.transport import Transport
from tests.support.loops import on_loop
from tests.support.media_peer import check_for
from tests.support.pipe_wire import wire
from tests.support.transport_client import HERE, ready, sent
from tests.support.worker_objects import OPTIONS, Bench, OnePort, answered, bench


class BareTransport(Transport):
    """Sends and receives in the clear."""

    TYPE = "bare-transport"

    def _open(self) -> int:
        return self._plane.open_transport(
            self, self._options, credentials=IceParameters(self.id, "password"), rtcp_ssrc=5, secure=False
        )

    def _fail(self, reason: str) -> None:
        self._emit(DtlsStateChanged(self.id, "failed", reason))


def bare(made: Bench) -> BareTransport:
    def emit(event: RouterEvent) -> None:
        made.events.append((event.row, wire(event)))

    sctp, handshakes = Sctp(made.clock), Handshakes(made.clock)
    context = RouterContext(made.plane, emit, made.clock, OnePort(), sctp, handshakes)
    return BareTransport(context, "t", OPTIONS)


def test_it_is_opened_when_it_is_needed_and_once() -> None:
    made = bench()
    transport = bare(made)
    assert transport.parked
    assert transport.handle is None
    assert made.loop.calls == []
    handle = transport.open()
    assert transport.open() == transport.handle == handle
    (opened,) = made.loop.named("open_transport")
    assert opened.parameters["secure"] is False
    assert not transport.parked


def test_closing_closes_consumers_then_producers_then_itself() -> None:
    made = bench()
    sending, receiving = bare(made), bare(made)
    producer = made.producer(sending)
    made.consumer(receiving, producer)
    receiving.close()
    sending.close()
    closed = [name for name in made.loop.names if name.startswith("close_")]
    assert closed == ["close_consumer", "close_transport", "close_producer", "close_transport"]
    assert made.clock.waiting == 0


def test_closing_what_was_never_opened() -> None:
    made = bench()
    bare(made).close()
    assert made.loop.calls == []


def test_what_the_media_thread_could_not_do_fails_it(caplog: pytest.LogCaptureFixture) -> None:
    made = bench()
    bare(made).refused("no room")
    assert made.told("transport.dtlsState") == [
        {"transportId": "t", "dtlsState": "failed", "reason": "no room"}
    ]
    assert "transport t fails, and its client has to connect again: no room" in caplog.text


def test_protocols_it_does_not_have_are_ignored() -> None:
    made = bench()
    transport = bare(made)
    transport.stun_received(HERE, b"")
    transport.dtls_received(HERE, b"")
    transport.path_proven(HERE)
    transport.path_reported(HERE, 0, 0)
    assert (made.loop.calls, made.events, dict(transport.dropped())) == ([], [], {})


# -- statistics --------------------------------------------------------------------------------------------


@on_loop
async def test_statistics_while_parked() -> None:
    assert await bare(bench()).stats() == [{"type": "bare-transport", "transportId": "t"}]


@on_loop
async def test_statistics_name_the_limit() -> None:
    made = bench()
    transport = made.transport(max_incoming_bitrate_bps=1_500_000)
    entries = await answered(made, transport.stats(), [], (Kind.KIND_TRANSPORT, transport.open()))
    assert entries == [
        {
            "type": "webrtc-transport",
            "transportId": "t",
            "iceRole": "controlled",
            "iceState": "new",
            "dtlsState": "new",
            "maxIncomingBitrate": 1_500_000,
        }
    ]


@on_loop
async def test_no_limit_is_not_named() -> None:
    made = bench()
    transport, _ = ready(made)
    (entry,) = await answered(made, transport.stats(), [])
    assert "maxIncomingBitrate" not in entry
    transport.close()


# -- bandwidth ---------------------------------------------------------------------------------------------


def test_the_client_is_told_what_its_link_carries() -> None:
    made = bench()
    transport = bare(made)
    for available_bps in (1_000_000, 1_100_000, 700_000):
        transport.bandwidth_estimated(available_bps, 0, 0)
    assert transport.available_bps == 700_000
    told = made.told("transport.bandwidth")
    assert [news["availableBitrate"] for news in told] == [1_000_000, 700_000]
    assert told[0] == {
        "transportId": "t",
        "desiredBitrate": 0,
        "effectiveDesiredBitrate": 0,
        "availableBitrate": 1_000_000,
    }
    transport.close()


def caps(made: Bench) -> list[int]:
    return [call.args[1] for call in made.loop.named("cap_uplink")]


def test_a_limit_of_what_comes_in_holds_for_the_handle_whenever_it_is_opened() -> None:
    made = bench()
    transport = bare(made)
    transport.limit_incoming(800_000)
    assert made.loop.calls == [], "nothing is opened for it"
    transport.open()
    assert caps(made) == [800_000]
    transport.limit_incoming(799_000)
    transport.review_uplink()
    transport.limit_incoming(0)
    assert caps(made) == [800_000, 799_000, 0]


@pytest.mark.parametrize(("granted", "named"), [(900_000, 900_000), (2_000_000, 1_500_000)])
@on_loop
async def test_statistics_name_the_lower_limit(granted: int, named: int) -> None:
    made = bench()
    transport = made.transport(max_incoming_bitrate_bps=1_500_000)
    transport.limit_incoming(granted)
    (entry,) = await answered(made, transport.stats(), [], (Kind.KIND_TRANSPORT, transport.open()))
    assert entry["maxIncomingBitrate"] == named


def test_who_sends_far_more_than_it_may_is_told_of() -> None:
    made = bench()
    transport = bare(made)
    for _ in range(9):
        transport.incoming_measured(9_000_000)
    assert made.told("transport.incomingExceeded") == []
    transport.limit_incoming(300_000)
    for bps in (9_000_000, 9_000_000, 300_000, 9_000_000, 9_000_000, 9_000_001):
        transport.incoming_measured(bps)
    (told,) = made.told("transport.incomingExceeded")
    assert told == {"transportId": "t", "bitrateBps": 9_000_001, "limitBps": 300_000}


# -- an emulated network -----------------------------------------------------------------------------------

SLOW = Network(LinkSettings(500_000, 50_000, 0), LinkSettings(900_000, 80_000, 20_000))


def test_a_throttle_holds_for_the_handle_whenever_it_is_opened() -> None:
    made = bench()
    transport = bare(made)
    transport.throttle(SLOW)
    assert made.loop.calls == [], "nothing is opened for it"
    handle = transport.open()
    (asked,) = made.loop.named("throttle_transport")
    assert (asked.args, asked.parameters) == ((handle,), SLOW._asdict())
    faster = Network(LinkSettings(), LinkSettings())
    transport.throttle(faster)
    assert made.loop.named("throttle_transport")[1].parameters == faster._asdict()
    transport.throttle(None)
    transport.throttle(None)
    assert [call.args for call in made.loop.named("unthrottle_transport")] == [(handle,)]


@on_loop
async def test_answers_to_checks_come_later_and_losses_are_counted() -> None:
    made = bench()
    transport, _ = ready(made)
    before = len(sent(made))
    transport.throttle(SLOW._replace(downlink=LinkSettings(0, 80_000, 0)))
    check = check_for(wire(transport.parameters()))
    transport.stun_received(HERE, check)
    assert len(sent(made)) == before
    made.clock.pass_s(0.08)
    assert len(sent(made)) == before + 1
    transport.throttle(SLOW._replace(downlink=LinkSettings(0, 0, 1_000_000)))
    transport.stun_received(HERE, check)
    assert transport.dropped()["throttle_loss"] == 1
    transport.throttle(None)
    transport.stun_received(HERE, check)
    assert len(sent(made)) == before + 2
    assert transport.dropped()["throttle_loss"] == 1, "it is not forgotten with the throttle"
    transport.close()


@on_loop
async def test_a_closed_transport_sends_nothing_more() -> None:
    made = bench()
    transport, _ = ready(made)
    transport.throttle(SLOW)
    transport.stun_received(HERE, check_for(wire(transport.parameters())))
    transport.close()
    before = len(sent(made))
    made.clock.pass_s(1)
    assert len(sent(made)) == before


def test_emulated_networks_are_few_and_one_more_is_refused() -> None:
    made = bench()
    holders = [made.transport(f"t{number}") for number in range(THROTTLED_TRANSPORTS + 1)]
    *first, last = holders
    for transport in first:
        transport.throttle(SLOW)
        transport.throttle(SLOW)  # other settings take no other place
    with pytest.raises(Full, match="64 emulated networks"):
        last.throttle(SLOW)
    assert len({call.args for call in made.loop.named("throttle_transport")}) == THROTTLED_TRANSPORTS
    first[0].throttle(None)
    first[1].close()
    last.throttle(SLOW)


def test_a_transport_that_was_parked_may_find_no_network_left(caplog: pytest.LogCaptureFixture) -> None:
    made = bench()
    waiting = made.transport("waiting")
    waiting.throttle(SLOW)
    waiting._park()
    for number in range(THROTTLED_TRANSPORTS):
        made.transport(f"t{number}").throttle(SLOW)
    waiting.open()
    assert "goes on without its emulated network" in caplog.text
