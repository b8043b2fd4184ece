"""Protection of what leaves: SRTCP under the transport's key, nothing in the clear before there are keys."""

from __future__ import annotations

import pytest
from pylibsrtp import Error, Policy

from mediad._fastpath.wire.srtp import session_pointer
from tests.support import engine as e


def test_without_keys_nothing_leaves() -> None:
    call = e.Call(secure=True)
    call.produce()
    call.consume()
    call.pass_time(3_000_000)
    assert call.left() == []


def test_reports_are_protected() -> None:
    call = e.Call(secure=True)
    call.produce()
    receive = e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_INBOUND)
    rtcp = e.gcm_session(e.SERVER_KEY, Policy.SSRC_ANY_OUTBOUND)
    call.engine.set_keys(
        e.SENDING, receive_session=session_pointer(receive), rtcp_session=session_pointer(rtcp)
    )
    call.pass_time(3_000_000)
    client = e.gcm_session(e.SERVER_KEY, Policy.SSRC_ANY_INBOUND)
    reports = [data for to, data in call.left() if to == e.SENDER]
    assert reports
    for data in reports:
        assert next(e.rtcp_blocks(client.unprotect_rtcp(data)))[0] == 201
    stranger = e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_INBOUND)
    with pytest.raises(Error):
        stranger.unprotect_rtcp(reports[0])
