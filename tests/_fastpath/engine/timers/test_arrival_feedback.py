"""Transport-cc feedback: at its time, and again when a path is back."""

from __future__ import annotations

from tests.support import engine as e


def test_transport_cc_feedback_ten_times_a_second_while_media_flows() -> None:
    call = e.Call()
    call.produce()
    e.feed(call, range(1, 101))
    feedback = [block for block in call.rtcp_to(e.SENDER) if block[:2] == (205, 15)]
    assert 15 <= len(feedback) <= 21
    call.pass_time(3_000_000)
    late = [block for block in call.rtcp_to(e.SENDER) if block[:2] == (205, 15)]
    assert len(late) <= 1


def test_transport_cc_feedback_begins_again_when_a_path_is_back() -> None:
    """Consent ran out while some was owed."""
    call = e.Call()
    call.produce()
    e.feed(call, range(100))
    e.feed(call, range(100, 102))
    call.engine.remove_address(e.SENDING, 0, *e.SENDER)
    call.pass_time(5_000_000)
    call.left()
    call.engine.add_address(e.SENDING, 0, *e.SENDER)
    call.engine.select_address(e.SENDING, 0, *e.SENDER)
    e.feed(call, range(102, 202))
    assert len([body for kind, count, body in call.rtcp_to(e.SENDER) if (kind, count) == (205, 15)]) >= 15
