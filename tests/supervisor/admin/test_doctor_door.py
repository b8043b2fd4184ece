"""A door for the doctor: opened with every worker that answers, and closed by itself."""

from __future__ import annotations

from typing import Any

from mediad.errors import Unavailable
from mediad.supervisor.admin import doctor_door
from mediad.supervisor.admin.doctor_door import open_doors
from tests.support.loops import on_loop, until


class Link:
    def __init__(self, worker_id: int, *, answers: bool = True) -> None:
        self.worker_id = worker_id
        self.asked: list[str] = []
        self.routers: set[str] = set()
        self._answers = answers

    async def request(self, method: str, data: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(method)
        if not self._answers:
            raise Unavailable("it is overloaded")
        if method == "router.close":
            self.routers.remove(data["routerId"])
        else:
            self.routers.add(data["routerId"])
        return {"iceParameters": {"usernameFragment": f"u{self.worker_id}", "password": "p", "iceLite": True}}


@on_loop
async def test_each_worker_that_answers_has_one_and_closes_it() -> None:
    doctor_door.OPEN_S, before = 0.0, doctor_door.OPEN_S
    try:
        links = [Link(0), Link(1, answers=False), Link(2)]
        doors = await open_doors(links)
        assert doors == {
            "0": {"usernameFragment": "u0", "password": "p"},
            "2": {"usernameFragment": "u2", "password": "p"},
        }
        await until(lambda: not any(link.routers for link in links))
    finally:
        doctor_door.OPEN_S = before
    assert links[0].asked == ["router.create", "transport.create", "router.close"]
    assert links[1].asked == ["router.create"]
