"""A worker's objects: found by id and kind, forgotten with what they were on."""

from __future__ import annotations

import pytest

from mediad.errors import InvalidState, NotFound
from tests.support.loops import on_loop
from tests.support.served_worker import with_everything, with_router


@on_loop
async def test_each_is_found_with_its_router_and_by_its_kind_alone() -> None:
    objects = (await with_everything()).server.objects
    router = objects.router("r")
    assert objects.transport("a") == (router, router.transports["a"])
    assert objects.producer("p") == (router, router.producers["p"])
    assert objects.any_consumer("c") == (router, router.consumers["c"])
    for find in (objects.router, objects.transport, objects.producer):
        with pytest.raises(NotFound, match='with id "c" not found'):
            find("c")
    assert [transport.id for transport in objects.transports()] == ["a", "b"]


@on_loop
async def test_a_closing_router_takes_nothing_new() -> None:
    objects = (await with_router()).server.objects
    with pytest.raises(InvalidState, match="already exists"):
        objects.create_router("r")
    objects.router("r").closing = True
    with pytest.raises(NotFound):
        objects.router("r")


@on_loop
async def test_a_transport_takes_all_that_hangs_on_it_along() -> None:
    objects = (await with_everything()).server.objects
    objects.close_transport(*objects.transport("a"))
    assert [objects.has(id_) for id_ in ("a", "p", "c", "b")] == [False, False, False, True]
    objects.close_transport(*objects.transport("b"))
    assert not objects.empty
    objects.close_router(objects.router("r"))
    assert objects.empty
