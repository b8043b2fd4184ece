"""An ICE endpoint on a media port of each worker that answers the doctor's STUN checks for a few seconds.

A worker answers only clients of its transports. So for OPEN_S there is one transport more, in a router that
belongs to no room.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable
from typing import Any, Protocol

from mediad.errors import MediadError
from mediad.pipe.messages import ReplyT, Request
from mediad.pipe.requests import CloseRouter, CreateRouter, CreateTransport

OPEN_S = 10.0

logger = logging.getLogger(__name__)


class Link(Protocol):
    """The part of a worker's link that is used here."""

    worker_id: int

    async def request(self, request: Request[ReplyT]) -> ReplyT: ...


async def open_doors(links: Iterable[Link]) -> dict[str, dict[str, Any]]:
    """ICE user name, password and port, by worker id; workers that do not answer are left out."""
    waiting = [(str(link.worker_id), _open(link)) for link in links]
    answers = await asyncio.gather(*(answer for _, answer in waiting))
    return {id_: door for (id_, _), door in zip(waiting, answers, strict=True) if door is not None}


async def _open(link: Link) -> dict[str, Any] | None:
    id_ = f"doctor-{secrets.token_hex(8)}"
    try:
        await link.request(CreateRouter(id_))
        made = await link.request(CreateTransport(id_, id_))
    except MediadError as error:
        logger.info("worker %d: mediactl doctor cannot test its media port: %s", link.worker_id, error)
        return None
    loop = asyncio.get_running_loop()
    loop.call_later(OPEN_S, lambda: loop.create_task(_close(link, id_), name=f"close {id_}"))
    parameters = made.ice_parameters
    return {
        "usernameFragment": parameters.username_fragment,
        "password": parameters.password,
        "port": made.ice_candidates[0].port,
    }


async def _close(link: Link, router_id: str) -> None:
    try:
        await link.request(CloseRouter(router_id))
    except MediadError as error:
        logger.info(
            "worker %d: the router %s of mediactl doctor was not closed: %s; it ends with the worker",
            link.worker_id,
            router_id,
            error,
        )
