from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.signaling.json_input import MISSING
from mediad.signaling.protoo import messages
from mediad.signaling.protoo.messages import (
    Notification,
    ProtocolViolation,
    Request,
    RequestTable,
    Response,
    parse,
)

S = 1_000_000

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(["request", "response", "notification", "id", "method", "data", "ok", "errorCode"])
ids = st.integers(0, 10_000_000)


# -- shapes ----------------------------------------------------------------------------------------------


def test_the_four_shapes() -> None:
    assert parse('{"request":true,"id":7312004,"method":"join","data":{"displayName":"Ana"}}') == Request(
        7312004, "join", {"displayName": "Ana"}
    )
    assert parse('{"response":true,"id":7312004,"ok":true,"data":{"peers":[]}}') == Response(
        7312004, True, {"peers": []}
    )
    assert parse('{"response":true,"id":5,"ok":false,"errorCode":403,"errorReason":"no"}') == Response(
        5, False, {}, 403, "no"
    )
    assert parse('{"notification":true,"method":"hello","data":[1]}') == Notification("hello", [1])


def test_an_error_answer_may_leave_ok_out() -> None:
    assert parse('{"response":true,"id":5,"errorCode":500,"errorReason":"no"}') == Response(
        5, False, {}, 500, "no"
    )
    assert parse('{"response":true,"id":5,"errorCode":"?","errorReason":7}') == Response(5, False, {})


@pytest.mark.parametrize("data", ["", ',"data":null', ',"data":0', ',"data":""', ',"data":false'])
def test_falsy_data_is_an_empty_object(data: str) -> None:
    assert parse(f'{{"request":1,"id":1,"method":"m"{data}}}') == Request(1, "m", {})


def test_empty_arrays_are_data() -> None:
    assert parse('{"request":[],"id":1,"method":"m","data":[]}') == Request(1, "m", [])


def test_request_wins_over_response_over_notification() -> None:
    assert isinstance(parse('{"request":1,"response":1,"notification":1,"id":1,"method":"m"}'), Request)
    assert isinstance(parse('{"request":0,"response":1,"notification":1,"id":1,"method":"m"}'), Response)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "null",
        "[]",
        "7",
        '"text"',
        "{}",
        '{"request":false}',
        '{"request":true,"method":"m"}',
        '{"response":true,"ok":true}',
        '{"response":true,"id":[],"ok":true}',
        '{"notification":true}',
        '{"notification":true,"method":7}',
        "[" * 100_000 + "]" * 100_000,
        '{"a":"\\ud800"}',
    ],
)
def test_everything_else_is_a_violation(text: str) -> None:
    with pytest.raises(ProtocolViolation) as caught:
        parse(text)
    assert caught.value.request_id is MISSING


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ('{"request":true,"id":7,"method":{}}', 7),
        ('{"request":true,"id":7}', 7),
        ('{"request":true,"id":"7","method":"m"}', "7"),
        ('{"request":true,"id":true,"method":"m"}', True),
        ('{"request":true,"id":null,"method":"m"}', None),
        ('{"request":true,"id":[1],"method":"m"}', None),
        ('{"request":true,"id":1e999,"method":"m"}', None),
        ('{"request":true,"id":"' + "x" * 200 + '","method":"m"}', None),
        ('{"request":true,"id":1,"method":"m","data":' + "[" * 100_000, 1),
        ('{"request":true,"id":1,"method":"m","data":{"a":' + "[" * 3000 + "]" * 3000 + "}}", 1),
        ('{"request":true,"id":1,"method":"m","data":NaN}', 1),
        ('{"id":1,"method":"m"}', 1),
    ],
)
def test_what_has_an_id_is_answered_whatever_is_wrong_with_it(text: str, identifier: Any) -> None:
    with pytest.raises(ProtocolViolation) as caught:
        parse(text)
    answer = json.loads(messages.error_text(caught.value.request_id, 500, str(caught.value)))
    assert (answer["id"], answer["ok"]) == (identifier, False)


def test_halves_of_emoji_are_replaced() -> None:
    request = parse('{"request":true,"id":1,"method":"join","data":{"displayName":"Ana \\ud83d"}}')
    assert isinstance(request, Request)
    assert request.data == {"displayName": "Ana \ufffd"}


@given(st.text())
def test_text_is_a_message_or_a_violation(text: str) -> None:
    with contextlib.suppress(ProtocolViolation):
        assert isinstance(parse(text), Request | Response | Notification)


@given(st.dictionaries(names, json_values))
def test_objects_are_messages_or_violations(root: dict[str, Any]) -> None:
    try:
        message = parse(json.dumps(root))
    except ProtocolViolation:
        return
    match message:
        case Request() | Response():
            assert isinstance(message.id, int | float)
            assert not isinstance(message.id, bool)
        case Notification():
            assert isinstance(message.method, str)


# -- what is written can be read -------------------------------------------------------------------------


def as_data(value: Any) -> Any:
    return value if value or value == [] else {}


@given(ids, st.text(), json_values)
def test_requests_survive_the_wire(identifier: int, method: str, data: Any) -> None:
    assert parse(messages.request_text(identifier, method, data)) == Request(
        identifier, method, as_data(data)
    )


@given(st.text(), json_values)
def test_notifications_survive_the_wire(method: str, data: Any) -> None:
    assert parse(messages.notification_text(method, data)) == Notification(method, as_data(data))


@given(ids, json_values)
def test_answers_survive_the_wire(identifier: int, data: Any) -> None:
    assert parse(messages.success_text(identifier, data)) == Response(identifier, True, as_data(data))


@given(ids, st.integers(400, 599), st.text())
def test_refusals_survive_the_wire(identifier: int, code: int, reason: str) -> None:
    assert parse(messages.error_text(identifier, code, reason)) == Response(
        identifier, False, {}, code, reason
    )


def test_answers_keep_lists_and_never_say_null() -> None:
    assert json.loads(messages.success_text(1, [])) == {"response": True, "id": 1, "ok": True, "data": []}
    assert json.loads(messages.success_text(1, None))["data"] == {}
    assert json.loads(messages.notification_text("m", None))["data"] == {}
    assert json.loads(messages.error_text(1, 500, "no")) == {
        "response": True,
        "id": 1,
        "ok": False,
        "errorCode": 500,
        "errorReason": "no",
    }


# -- open requests ---------------------------------------------------------------------------------------


def test_the_more_are_open_the_longer_one_may_take() -> None:
    table = RequestTable(first_id=100)
    assert table.get_timer() is None
    assert [table.open(now_us=0) for _ in range(3)] == [100, 101, 102]
    assert table.get_timer() == 30 * S
    assert table.handle_timer(30 * S - 1) == []
    assert table.handle_timer(30 * S) == [100]
    assert table.get_timer() == 30 * S + S // 5
    assert table.handle_timer(40 * S) == [101, 102]
    assert table.get_timer() is None


def test_an_answer_settles_its_request_once() -> None:
    table = RequestTable(first_id=7)
    table.open(now_us=0)
    assert table.settle(8) is None
    assert table.settle(7.5) is None
    assert table.settle(7.0) == 7
    assert table.settle(7) is None
    assert table.get_timer() is None


def test_an_answer_after_the_timeout_is_nobodys() -> None:
    table = RequestTable(first_id=7)
    table.open(now_us=0)
    table.handle_timer(60 * S)
    assert table.settle(7) is None


def test_ids_stay_in_the_range_clients_use() -> None:
    table = RequestTable(first_id=9_999_999)
    assert [table.open(now_us=0), table.open(now_us=0)] == [9_999_999, 0]
    assert 0 <= RequestTable().open(now_us=0) < 10_000_000


@given(st.lists(st.tuples(st.sampled_from(["open", "settle", "wait"]), st.integers(0, 40)), max_size=60))
def test_every_request_ends_exactly_once(steps: list[tuple[str, int]]) -> None:
    table, now, opened, ended = RequestTable(first_id=0), 0, 0, []
    for what, value in steps:
        if what == "open":
            table.open(now)
            opened += 1
        elif what == "settle":
            settled = table.settle(value)
            if settled is not None:
                ended.append(settled)
        else:
            now += value * S
            ended += table.handle_timer(now)
        timer = table.get_timer()
        assert (timer is None) == (len(table) == 0)
    ended += table.handle_timer(now + 3600 * S)
    assert sorted(ended) == list(range(opened))


def test_a_client_cannot_fill_the_log_with_its_reasons() -> None:
    reason = "x" * 900_000
    refusal = parse(f'{{"response":true,"id":1,"ok":false,"errorCode":403,"errorReason":"{reason}"}}')
    assert isinstance(refusal, Response)
    assert refusal.reason == reason[: messages.MAX_REASON_LENGTH]
