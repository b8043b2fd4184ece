"""Data channels on the pipe: spelling that clients rely on, and streams that exist."""

from __future__ import annotations

import msgspec
import pytest

from mediad.pipe.data_requests import SctpParameters, SctpStreamParameters
from mediad.pipe.messages import Misfit, read
from tests.support.pipe_wire import wire


def test_parameters_are_spelled_as_clients_read_them() -> None:
    parameters = SctpParameters(5000, 1024, 1024, 262144, 262144, 262144, 262144, 0, True)
    assert wire(parameters) == {
        "port": 5000,
        "OS": 1024,
        "MIS": 1024,
        "maxMessageSize": 262144,
        "maxSendMessageSize": 262144,
        "maxReceiveMessageSize": 262144,
        "sendBufferSize": 262144,
        "sctpBufferedAmount": 0,
        "isDataChannel": True,
    }


@pytest.mark.parametrize("stream_id", [-1, 65535])
def test_a_stream_that_does_not_exist_is_a_misfit(stream_id: int) -> None:
    with pytest.raises(Misfit, match="streamId"):
        read(SctpStreamParameters, msgspec.msgpack.encode({"streamId": stream_id}), "it")
