"""A door to each worker's media port that answers an ICE check, open while the doctor knocks.

A worker answers nobody but clients of its transports, so for a moment there is one, in a router without a
room.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable
from typing import Any, Protocol

from mediad.errors import MediadError

OPEN_S = 10.0

logger = logging.getLogger(__name__)


class Link(Protocol):
    """What is asked of a worker's link."""

    worker_id: int

    async def request(self, method: str, data: dict[str, Any]) -> dict[str, Any]: ...


async def open_doors(links: Iterable[Link]) -> dict[str, dict[str, str]]:
    """ICE user name and password, by worker id; workers that do not answer are left out."""
    waiting = [(str(link.worker_id), _open(link)) for link in links]
    answers = await asyncio.gather(*(answer for _, answer in waiting))
    return {id_: door for (id_, _), door in zip(waiting, answers, strict=True) if door is not None}


async def _open(link: Link) -> dict[str, str] | None:
    id_ = f"doctor-{secrets.token_hex(8)}"
    try:
        await link.request("router.create", {"routerId": id_})
        made = await link.request("transport.create", {"routerId": id_, "transportId": id_})
    except MediadError as error:
        logger.info("worker %d opens no door for the doctor: %s", link.worker_id, error)
        return None
    loop = asyncio.get_running_loop()
    loop.call_later(OPEN_S, lambda: loop.create_task(_close(link, id_), name=f"close {id_}"))
    parameters = made["iceParameters"]
    return {"usernameFragment": parameters["usernameFragment"], "password": parameters["password"]}


async def _close(link: Link, router_id: str) -> None:
    try:
        await link.request("router.close", {"routerId": router_id})
    except MediadError as error:
        logger.info("worker %d: %s; it went with the worker, or will", link.worker_id, error)
