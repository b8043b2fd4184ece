"""Events: each has a name, a subject and one listener."""

from __future__ import annotations

from typing import get_args

import pytest

from mediad.pipe import events
from mediad.pipe.events import EVENTS, RouterEvent, WorkerEvent
from mediad.pipe.messages import Event
from mediad.pipe.recorder_requests import RECORDER_EVENTS
from mediad.rooms.events import RULES


def concrete(kind: type[Event]) -> set[type[Event]]:
    found = {kind} if "row" in vars(kind) else set()
    return found.union(*(concrete(child) for child in kind.__subclasses__()))


def test_every_event_is_in_the_table() -> None:
    assert {*EVENTS.values(), *RECORDER_EVENTS.values()} == concrete(Event)
    assert all(kind.row == name for name, kind in (EVENTS | RECORDER_EVENTS).items())


def test_every_event_has_exactly_one_listener() -> None:
    rooms, process = set(RULES), set(get_args(WorkerEvent))
    assert rooms | process == set(EVENTS.values())
    assert not rooms & process


@pytest.mark.parametrize(
    ("event", "subject"),
    [
        (events.WorkerReady(1), ""),
        (events.SpeakerChanged("p", router_id="r"), "r"),
        (events.IceStateChanged("t", "new", router_id="r"), "t"),
        (events.ProducerLayersWanted("p", 1, router_id="r"), "p"),
        (events.ConsumerLayersChanged("c", None, router_id="r"), "c"),
    ],
)
def test_what_an_event_is_about(event: Event, subject: str) -> None:
    assert event.subject == subject


def test_events_of_routers_carry_its_id() -> None:
    assert all(issubclass(kind, RouterEvent) for kind in RULES)
