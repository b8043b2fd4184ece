"""A door for the doctor: opened with every worker that answers, and closed by itself."""

from __future__ import annotations

from mediad.errors import Unavailable
from mediad.pipe.messages import Done, Message, ReplyT, Request
from mediad.pipe.requests import (
    CloseRouter,
    CreateRouter,
    CreateTransport,
    IceCandidate,
    IceParameters,
    ServerDtlsParameters,
    TransportCreated,
)
from mediad.supervisor.admin import doctor_door
from mediad.supervisor.admin.doctor_door import open_doors
from tests.support.loops import on_loop, until


class Link:
    def __init__(self, worker_id: int, *, answers: bool = True) -> None:
        self.worker_id = worker_id
        self.asked: list[str] = []
        self.routers: set[str] = set()
        self._answers = answers

    async def request(self, request: Request[ReplyT]) -> ReplyT:
        self.asked.append(request.row)
        if not self._answers:
            raise Unavailable("it is overloaded")
        answer: Message = Done()
        match request:
            case CloseRouter():
                self.routers.remove(request.router_id)
            case CreateRouter():
                self.routers.add(request.router_id)
            case CreateTransport():
                ice = IceParameters(f"u{self.worker_id}", "p", ice_lite=True)
                candidate = IceCandidate("f", 1, "::1", "::1", "udp", 10_003, "host")
                answer = TransportCreated(ice, [candidate], ServerDtlsParameters("auto", []))
        assert isinstance(answer, request.reply())
        return answer


@on_loop
async def test_each_worker_that_answers_has_one_and_closes_it() -> None:
    doctor_door.OPEN_S, before = 0.0, doctor_door.OPEN_S
    try:
        links = [Link(0), Link(1, answers=False), Link(2)]
        doors = await open_doors(links)
        assert doors == {
            "0": {"usernameFragment": "u0", "password": "p", "port": 10_003},
            "2": {"usernameFragment": "u2", "password": "p", "port": 10_003},
        }
        await until(lambda: not any(link.routers for link in links))
    finally:
        doctor_door.OPEN_S = before
    assert links[0].asked == ["router.create", "transport.create", "router.close"]
    assert links[1].asked == ["router.create"]
