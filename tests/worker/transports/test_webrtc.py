from __future__ import annotations

from dataclasses import replace

import pytest

from mediad.errors import InvalidInput, InvalidState
from mediad.protocols.certificate import Fingerprint
from mediad.protocols.ice_paths import Path
from mediad.worker.media.plane import MAX_USERNAMES
from tests.support.loops import on_loop
from tests.support.media_peer import DtlsClient, check_for
from tests.support.pipe_wire import wire
from tests.support.stun import XOR_MAPPED_ADDRESS, attributes_of
from tests.support.transport_client import HERE, THERE, connect, converse, ready, sent, states, tuple_of
from tests.support.worker_objects import CERTIFICATE, ENDPOINT, answered, bench

# -- ICE ---------------------------------------------------------------------------------------------------


@on_loop
async def test_a_check_opens_the_path_before_its_answer_leaves() -> None:
    made = bench()
    transport = made.transport()
    transport.stun_received(HERE, check_for(wire(transport.parameters())))
    assert made.loop.names[1:] == ["add_address", "select_unproven", "send_raw"]
    assert {call.args[0] for call in made.loop.calls[1:3]} == {transport.handle}
    assert made.loop.calls[1].args[1:] == tuple_of(HERE)
    (answer,) = sent(made)
    assert XOR_MAPPED_ADDRESS in attributes_of(answer)
    assert made.told("transport.iceState") == [{"transportId": "t", "iceState": "completed"}]
    transport.close()


@on_loop
async def test_a_forged_check_opens_nothing() -> None:
    made = bench()
    transport = made.transport()
    parameters = wire(transport.parameters())
    parameters["iceParameters"]["password"] = "guessed" * 4
    transport.stun_received(HERE, check_for(parameters))
    transport.stun_received(HERE, b"\x00\x01nonsense")
    assert set(made.loop.names[1:]) <= {"send_raw"}
    assert made.events == []
    assert transport.dropped()["ice_unauthenticated"] == 1
    assert sum(transport.dropped().values()) == 2
    transport.close()


@on_loop
async def test_restart_gives_new_credentials_and_retires_the_old_on_their_first_use() -> None:
    made = bench()
    transport = made.transport()
    old = wire(transport.parameters())
    transport.stun_received(HERE, check_for(old))
    new = {"iceParameters": wire(transport.restart_ice())}
    assert new["iceParameters"]["iceLite"] is True
    fragments = [one["iceParameters"]["usernameFragment"].encode() for one in (old, new)]
    password = new["iceParameters"]["password"].encode()
    assert made.loop.named("add_username")[0].args == (transport.handle, fragments[1], password)
    transport.stun_received(HERE, check_for(old))
    assert made.loop.named("remove_username") == []
    transport.stun_received(THERE, check_for(new))
    assert made.loop.named("remove_username")[0].args == (transport.handle, fragments[0])
    assert made.loop.named("select_unproven")[-1].args == (transport.handle, *tuple_of(THERE))
    assert wire(transport.parameters())["iceParameters"] == new["iceParameters"]
    transport.close()


@on_loop
async def test_a_client_that_falls_silent_is_disconnected() -> None:
    made = bench()
    transport = made.transport(ice_consent_timeout_s=10)
    transport.stun_received(HERE, check_for(wire(transport.parameters())))
    made.clock.pass_s(9.9)
    assert made.loop.named("ask_address") == []
    made.clock.pass_s(0.1)
    assert made.loop.named("ask_address")[0].args == (transport.handle, *tuple_of(HERE))
    assert states(made) == ["completed", "connecting"]
    transport.path_reported(HERE, 0, 0)
    assert states(made)[-1] == "disconnected"
    assert made.loop.named("remove_address")[0].args == (transport.handle, *tuple_of(HERE))
    transport.stun_received(HERE, check_for(wire(transport.parameters())))
    assert states(made) == ["completed", "connecting", "disconnected", "completed"]
    transport.close()


@on_loop
async def test_when_its_connection_ends_media_moves_to_another_path_at_once() -> None:
    made = bench(replace(ENDPOINT, listeners=(1,)))
    transport = made.transport()
    connection = Path(5 << 16 | 1, "198.51.100.7", 5006)
    transport.stun_received(HERE, check_for(wire(transport.parameters()), nominate=False))
    transport.stun_received(connection, check_for(wire(transport.parameters())))
    transport.path_proven(connection)
    assert made.loop.named("select_unproven")[-1].args == (transport.handle, *tuple_of(connection))
    transport.path_lost(connection)
    assert made.loop.named("remove_address")[-1].args == (transport.handle, *tuple_of(connection))
    assert made.loop.names[-1] == "select_unproven"
    assert made.loop.calls[-1].args == (transport.handle, *tuple_of(HERE))
    transport.path_lost(connection)
    transport.path_lost(HERE)
    assert states(made)[-1] == "disconnected"
    transport.close()


@on_loop
async def test_only_tcp_for_a_client_that_asks_for_it() -> None:
    transport = bench(replace(ENDPOINT, listeners=(1,))).transport(force_tcp=True)
    assert {one.protocol for one in transport.parameters().ice_candidates} == {"tcp"}
    transport.close()


@on_loop
async def test_where_there_is_no_tcp_nothing_else_is_offered_instead() -> None:
    made = bench()
    with pytest.raises(InvalidInput, match="rtc_tcp_connections_per_address is 0"):
        made.transport(force_tcp=True)
    assert made.loop.named("open_transport") == []


@on_loop
async def test_a_client_whose_checks_were_dropped_is_not_taken_for_gone() -> None:
    made = bench()
    transport = made.transport(ice_consent_timeout_s=10)
    transport.stun_received(HERE, check_for(wire(transport.parameters())))
    for asked in (1, 2):
        made.clock.pass_s(10)
        assert len(made.loop.named("ask_address")) == asked
        transport.path_reported(HERE, 0, made.clock.now_us())
    assert "disconnected" not in states(made)
    made.clock.pass_s(10)
    assert len(made.loop.named("ask_address")) == 3
    transport.path_reported(HERE, made.clock.now_us(), 0)
    assert "disconnected" not in states(made)
    transport.close()


@on_loop
async def test_each_check_says_again_whose_the_address_is() -> None:
    made = bench()
    transport = made.transport()
    for _ in range(2):
        transport.stun_received(HERE, check_for(wire(transport.parameters())))
    assert [call.args for call in made.loop.named("add_address")] == 2 * [(transport.handle, *tuple_of(HERE))]
    transport.close()


@on_loop
async def test_any_number_of_restarts_leaves_the_newest_credentials_known() -> None:
    """A restart may come before the first check, whose answer may be lost while the network flaps."""
    made = bench()
    transport = made.transport()
    known = {made.loop.named("open_transport")[0].parameters["username_fragment"]}
    for _ in range(6):
        fragment = wire(transport.restart_ice())["usernameFragment"].encode()
        known -= {call.args[1] for call in made.loop.named("remove_username")}
        known.add(fragment)
        assert made.loop.names[-1] == "add_username", "what is given up goes first"
        assert len(known) <= MAX_USERNAMES
    transport.close()


@on_loop
async def test_a_nominated_path_gets_media_when_media_came_from_it() -> None:
    made = bench()
    transport, client = ready(made)
    connect(transport, client)
    converse(made, transport, client, client.start())
    assert made.loop.named("prove_address")[0].args == (transport.handle, *tuple_of(HERE))
    transport.stun_received(THERE, check_for(wire(transport.parameters())))
    assert made.loop.named("select_unproven")[-1].args[1:] == tuple_of(HERE)
    assert made.loop.named("select_address") == []
    transport.path_proven(THERE)
    assert made.loop.named("select_address")[0].args == (transport.handle, *tuple_of(THERE))
    transport.close()


@on_loop
async def test_a_handshake_sends_no_more_than_three_times_what_came() -> None:
    """The limit holds for an address that was only named: checks can be forged."""
    made = bench()
    transport = made.transport()
    check = check_for(wire(transport.parameters()))
    transport.stun_received(HERE, check)
    transport.connect("server", CERTIFICATE.fingerprints)
    for _ in range(40):
        transport._dtls.handle_timer(transport._dtls.get_timer() or 0)
        transport._pump()
    assert 2 * len(check) < sum(map(len, sent(made))) <= 3 * len(check)
    assert transport.dropped()["ice_path-unproven"] > 0
    transport.close()


@on_loop
async def test_what_the_media_thread_could_not_do_ends_the_transport() -> None:
    made = bench()
    transport = made.transport()
    transport.refused("the media thread could not add username: full")
    assert made.told("transport.dtlsState")[-1] == {
        "transportId": "t",
        "dtlsState": "failed",
        "reason": "the media thread could not add username: full",
    }
    transport.close()


# -- DTLS --------------------------------------------------------------------------------------------------


@on_loop
async def test_a_client_connects() -> None:
    made = bench()
    transport, client = ready(made)
    assert connect(transport, client) == "server"
    converse(made, transport, client, client.start())
    assert client.endpoint.state == "connected"
    assert states(made) == ["completed", "connecting", "connected"]
    transport.close()


@on_loop
async def test_keys_are_in_place_before_the_client_can_know_and_media_leaves_after_it_does() -> None:
    made = bench()
    transport, client = ready(made)
    consumer = made.consumer(transport, made.producer(transport))
    connect(transport, client)
    converse(made, transport, client, client.start())
    names = made.loop.names
    last_flight = len(names) - 1 - names[::-1].index("send_raw")
    assert names.index("set_keys") < last_flight < names.index("set_consumer_sessions")
    assert made.loop.named("set_consumer_sessions")[0].args == (consumer.handle,)
    later = made.consumer(transport, made.router.producers["p"], "later")
    assert made.loop.named("set_consumer_sessions")[1].args == (later.handle,)
    transport.close()


@on_loop
async def test_a_hello_that_overtakes_connect_is_served() -> None:
    made = bench()
    transport, client = ready(made)
    converse(made, transport, client, client.start())
    assert made.loop.named("set_keys") == []
    assert connect(transport, client) == "server"
    converse(made, transport, client, [])
    assert client.endpoint.state == "connected"
    assert len(made.loop.named("set_keys")) == 1
    transport.close()


@on_loop
async def test_a_client_that_wants_to_be_the_server_is_called() -> None:
    made = bench()
    transport, client = ready(made, "server")
    client.start()
    assert connect(transport, client) == "client"
    converse(made, transport, client, [])
    assert client.endpoint.state == "connected"
    transport.close()


@on_loop
async def test_connect_before_there_is_a_path() -> None:
    made = bench()
    transport = made.transport()
    client = DtlsClient(wire(transport.parameters()))
    assert connect(transport, client) == "server"
    assert made.loop.named("send_raw") == []
    transport.stun_received(HERE, check_for(wire(transport.parameters())))
    converse(made, transport, client, client.start())
    assert client.endpoint.state == "connected"
    transport.close()


@on_loop
async def test_auto_makes_us_the_client() -> None:
    made = bench()
    transport, _ = ready(made)
    assert transport.connect("auto", CERTIFICATE.fingerprints) == "client"
    transport.close()


@on_loop
async def test_connect_only_once() -> None:
    made = bench()
    transport, client = ready(made)
    connect(transport, client)
    with pytest.raises(InvalidState, match=r"^connect\(\) already called$"):
        connect(transport, client)
    transport.close()


@on_loop
async def test_wrong_fingerprints_leave_connect_open() -> None:
    made = bench()
    transport, client = ready(made)
    for wrong in ([], [Fingerprint("md5", "AA")], [Fingerprint("sha-256", "AA:BB")]):
        with pytest.raises(InvalidInput):
            transport.connect("client", wrong)
    assert connect(transport, client) == "server"
    transport.close()


@on_loop
async def test_another_certificate_fails() -> None:
    made = bench()
    transport, client = ready(made)
    transport.connect("client", CERTIFICATE.fingerprints[-1:])
    assert client.parameters["fingerprints"][0]["value"] != CERTIFICATE.fingerprints[-1].value
    converse(made, transport, client, client.start())
    failed = made.told("transport.dtlsState")[-1]
    assert failed["dtlsState"] == "failed"
    assert "fingerprint" in failed["reason"]
    assert made.loop.named("set_keys") == []
    transport.close()


# -- closing -----------------------------------------------------------------------------------------------


@on_loop
async def test_closing_says_goodbye_and_lets_everything_go() -> None:
    made = bench()
    transport, client = ready(made)
    made.consumer(transport, made.producer(transport))
    connect(transport, client)
    converse(made, transport, client, client.start())
    before = len(sent(made))
    transport.close()
    assert made.loop.names[-4:] == ["close_consumer", "close_producer", "send_raw", "close_transport"]
    (goodbye,) = sent(made)[before:]
    client.receive(goodbye)
    assert client.endpoint.state == "closed"


@on_loop
async def test_a_client_says_goodbye() -> None:
    made = bench()
    transport, client = ready(made)
    connect(transport, client)
    converse(made, transport, client, client.start())
    converse(made, transport, client, client.close())
    assert states(made)[-1] == "closed"
    transport.close()


@on_loop
async def test_closing_what_never_connected() -> None:
    made = bench()
    made.transport().close()
    assert made.loop.names == ["open_transport", "close_transport"]


# -- statistics --------------------------------------------------------------------------------------------


@on_loop
async def test_statistics_tell_of_ice_and_dtls() -> None:
    made = bench()
    transport, client = ready(made)
    connect(transport, client)
    converse(made, transport, client, client.start())
    (entry,) = await answered(made, transport.stats(), [])
    assert (entry["iceState"], entry["dtlsState"]) == ("completed", "connected")
    assert entry["iceSelectedTuple"]["remotePort"] == HERE.port
    transport.close()
