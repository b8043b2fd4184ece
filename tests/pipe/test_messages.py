"""Reading messages: what fits, what is ignored, and what is named when nothing fits."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.errors import Full
from mediad.pipe import messages
from mediad.pipe.events import EVENTS, ProducerScoreChanged
from mediad.pipe.messages import Done, Event, Message, Misfit, Request, read
from mediad.pipe.recorder_requests import RECORDER_EVENTS
from mediad.pipe.requests import CreateProducer, CreateRouter, CreateTransport, Stats, TransportCreated
from mediad.protocols.envelope import Response
from tests.support.pipe_strategies import messages as messages_of
from tests.support.pipe_wire import RECORDER_REQUESTS, REQUESTS

ASKED = [*REQUESTS.values(), *RECORDER_REQUESTS.values()]
REPLIES = {kind.reply() for kind in ASKED}
KINDS: list[type[Message]] = [
    *ASKED,
    *EVENTS.values(),
    *RECORDER_EVENTS.values(),
    *sorted(REPLIES, key=lambda k: k.__name__),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(st.data())
def test_every_message_comes_back_as_it_was(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(messages_of(kind))
    assert read(kind, msgspec.msgpack.encode(message), "it") == message


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_fields_that_are_not_known_are_ignored(kind: type[Message]) -> None:
    assert read(Done, msgspec.msgpack.encode({"newer": 1}), "it") == Done()
    assert kind.__struct_config__.forbid_unknown_fields is False


def test_the_wire_is_camel_case_without_what_is_usual() -> None:
    assert msgspec.to_builtins(CreateTransport("r", "t")) == {"routerId": "r", "transportId": "t"}
    assert msgspec.to_builtins(CreateTransport("r", "t", True))["forceTcp"] is True


def test_each_request_knows_its_reply() -> None:
    assert CreateTransport.reply() is TransportCreated
    assert CreateRouter.reply() is Done
    assert REQUESTS["consumer.stats"].reply() is Stats
    with pytest.raises(TypeError, match="Request does not say"):
        messages._reply_of(Request)


def test_an_outcome_is_the_answer_or_the_error_that_was_told() -> None:
    def response(ok: bool, data: object) -> Response[msgspec.Raw]:
        return Response(1, ok=ok, data=msgspec.Raw(msgspec.msgpack.encode(data)))

    assert CreateRouter.outcome(response(True, {})) == Done()
    refused = CreateRouter.outcome(response(False, {"code": Full.code, "reason": "no room"}))
    assert (type(refused), str(refused)) == (Full, "no room")
    with pytest.raises(Misfit, match=r"router\.create"):
        CreateRouter.outcome(response(False, {"reason": 7}))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({}, "router.create: Object missing required field `routerId`"),
        ({"routerId": 7}, "router.create: Expected `str`, got `int` - at `$.routerId`"),
        ([], "router.create: Expected `object`, got `array`"),
    ],
)
def test_a_misfit_names_the_message_and_the_field(data: object, text: str) -> None:
    with pytest.raises(Misfit, match="router") as raised:
        read(CreateRouter, msgspec.msgpack.encode(data), CreateRouter.row)
    assert str(raised.value) == text


def test_a_misfit_quotes_no_more_than_people_read() -> None:
    data = {"transportId": "t", "producerId": "p", "kind": "x" * 1_000_000}
    with pytest.raises(Misfit, match="Invalid enum value 'xxx") as raised:
        read(CreateProducer, msgspec.msgpack.encode(data), CreateProducer.row)
    assert len(str(raised.value)) == messages.MAX_MISFIT


@given(st.binary(max_size=200))
def test_junk_is_a_misfit_or_a_message(junk: bytes) -> None:
    for kind in (CreateTransport, ProducerScoreChanged):
        with suppress(Misfit):
            assert isinstance(read(kind, junk, "it"), kind)


@pytest.mark.parametrize(
    "junk", [b"\x91" * 100_000, b"\x81\xa8routerId" * 20_000, b"\x81\xa8routerId\xa1\xff"]
)
def test_depth_and_text_are_judged_too(junk: bytes) -> None:
    with pytest.raises(Misfit):
        read(CreateRouter, junk, "it")


def test_an_event_is_about_its_subject() -> None:
    assert Event().subject == ""
    assert ProducerScoreChanged("p", []).subject == "p"
