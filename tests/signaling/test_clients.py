"""Clients of the application: whose request it is, and how often they may ask."""

from __future__ import annotations

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from mediad.budgets.budgets import Budgets
from mediad.signaling.server.client_connection import FrontState
from mediad.signaling.server.proxies import Proxies
from tests.support.signaling import Front, run

LOOPBACK = ["127.0.0.0/8"]
BEHIND = {"X-Forwarded-For": "203.0.113.7"}


def test_requests_beyond_the_budget_are_refused_with_reason_and_time() -> None:
    budgets = Budgets({"http_requests": 0.1})

    async def scenario(front: Front) -> None:
        assert [(await front.get("/health"))[0] for _ in range(2)] == [200, 200]
        status, headers, body = await front.get("/health")
        assert (status, headers["retry-after"]) == (429, "10")
        assert body == b"the limit http_requests is reached, 2 of 2: try again later, and less often\n"

    run(scenario, front_state=FrontState(budgets=budgets))
    assert budgets.refused == {"http_requests": 1}
    assert (budgets.nearest("http_requests", 0.0) or ("",))[0] == "127.0.0.1"


def test_clients_of_a_trusted_proxy_are_charged_themselves() -> None:
    budgets = Budgets({"http_requests": 0.1})

    async def scenario(front: Front) -> None:
        assert [(await front.get("/health", **BEHIND))[0] for _ in range(3)] == [200, 200, 429]
        assert (await front.get("/health", **{"X-Forwarded-For": "203.0.113.8"}))[0] == 200

    run(scenario, front_state=FrontState(budgets=budgets, proxies=Proxies(LOOPBACK)))


def test_what_anybody_else_says_about_itself_is_not_believed() -> None:
    budgets = Budgets({"http_requests": 0.1})

    async def scenario(front: Front) -> None:
        answers = [
            (
                await front.get(
                    "/health", **{"X-Forwarded-For": f"203.0.113.{n}", "Forwarded": "for=192.0.2.1"}
                )
            )[0]
            for n in range(3)
        ]
        assert answers == [200, 200, 429]

    run(scenario, front_state=FrontState(budgets=budgets))


async def open_behind(front: Front, peer_id: str, **query: str) -> ClientConnection:
    return await connect(
        front.url(roomId="room", peerId=peer_id, **query),
        subprotocols=[Subprotocol("protoo")],
        additional_headers=BEHIND,
    )


def test_a_peer_behind_a_proxy_has_its_own_address() -> None:
    async def scenario(front: Front) -> None:
        socket = await open_behind(front, "ana")
        peer = front.registry.room("room").peers["ana"]
        assert (peer.info.address, peer.holders) == ("203.0.113.7", (("203.0.113.7", 1.0),))
        await socket.close()

    run(scenario, front_state=FrontState(proxies=Proxies(LOOPBACK)))
