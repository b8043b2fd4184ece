"""Requests that only workers of the tests know: tiny ones, fake ones, and far ends moved by hand."""

from __future__ import annotations

from typing import Any

import msgspec

from mediad.pipe.messages import Done, Message, Request


class Number(Message):
    """The number that was asked with."""

    n: int = 0


class Echo(Request[Number]):
    """Say the number again."""

    row = "test.echo"

    n: int = 0


class Blob(Request[Done]):
    """A reply that is large, or that cannot be written."""

    row = "test.blob"

    blob: Any = None


class Wait(Request[Number]):
    """Answer when told to."""

    row = "test.wait"


class Refuse(Request[Done]):
    """Answer with an error."""

    row = "test.refuse"


class Hang(Request[Done]):
    """Stop the event loop."""

    row = "test.hang"


class Fail(Request[Done]):
    """Answer with an error of this code."""

    row = "test.fail"

    code: str


class TellEvents(Request[Done]):
    """Tell events, each with a name and data."""

    row = "test.events"

    events: list[dict[str, Any]] = msgspec.field(default_factory=list)


class Silence(Request[Done]):
    """A request that is never answered."""

    row = "test.silence"


class Sicken(Request[Done]):
    """Answer pings with an error from now on."""

    row = "test.sicken"


class Die(Request[Done]):
    """End by a signal."""

    row = "test.die"

    signal: int = 0
    router_id: str = ""


class Exit(Request[Done]):
    """End with a status."""

    row = "test.exit"

    status: int


class Garbage(Request[Done]):
    """Write what is no frame."""

    row = "test.garbage"


class StopReading(Request[Done]):
    """Stop reading, and answering."""

    row = "test.stop-reading"


class AskBack(Request[Done]):
    """Ask the supervisor something, which no worker may."""

    row = "test.ask"


class Child(Message):
    """A process that holds the worker's pipe."""

    pid: int


class LeaveChild(Request[Child]):
    """Start a process that outlives the worker."""

    row = "test.leave-child"


class Spin(Request[Done]):
    """Be busy for a while."""

    row = "test.spin"

    seconds: float
