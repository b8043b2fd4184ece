"""A WebSocket that is refused: as an HTTP error, or as a close code for a page that asks."""

from __future__ import annotations

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from mediad.budgets.budgets import Budgets
from mediad.rooms.limits import RoomLimits
from tests.support.signaling import Front, run

REASON = "the limit joins is reached, 1 of 1: try again later, and less often"


def limits() -> RoomLimits:
    return RoomLimits(budgets=Budgets({"joins": 0.025}))


def test_an_http_error_has_the_reason_and_the_time() -> None:
    async def scenario(front: Front) -> None:
        await front.connect("ana")
        with pytest.raises(InvalidStatus) as error:
            await front.connect("ben")
        response = error.value.response
        assert (response.status_code, response.body) == (429, REASON.encode())
        assert response.headers["X-WebSocket-Reject-Reason"] == REASON
        assert response.headers["Retry-After"] == "40"

    run(scenario, limits=limits())


def test_a_page_that_asks_gets_a_close_code() -> None:
    async def scenario(front: Front) -> None:
        await front.connect("ana")
        url = front.url(roomId="room", peerId="ben", explain="true")
        socket = await connect(url, subprotocols=[Subprotocol("protoo")])
        await socket.wait_closed()
        assert (socket.close_code, socket.close_reason) == (4429, REASON)

    run(scenario, limits=limits())
