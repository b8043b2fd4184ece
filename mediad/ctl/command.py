"""The parts of a row in the table of verbs: words, arguments, and the way a verb runs.

        Ask        one request, one answer, shown once
        Follow     events shown as they happen, until the daemon or Ctrl-C ends it
        Progress   a long action, with a bar; its stream is {"done", "total", "note"?, …}

A verb that needs more brings a function of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mediad.ctl.exits import CtlExit
from mediad.ctl.progress import ProgressBar
from mediad.ctl.session import Data, Session

Run = Callable[[Session, Data], CtlExit | None]
Show = Callable[[Data], str]


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument or an option: the parameters of argparse's `add_argument`."""

    flags: tuple[str, ...]
    options: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The name under which the daemon gets the value."""
        name: str = self.options.get("dest") or self.flags[-1]
        return name.lstrip("-").replace("-", "_")


def argument(*flags: str, **options: Any) -> Argument:
    """An argument, spelled as for `add_argument`.

    A positional's name, or an option's `dest`, is the key in the request: `argument("roomId",
    metavar="ROOM")`, `argument("--deadline", dest="deadlineS", type=float)`.
    """
    return Argument(flags, options)


@dataclass(frozen=True, slots=True)
class Command:
    """One verb."""

    name: str
    """The words to type: `status`, or `room show` for a verb of a group."""
    help: str
    run: Run
    """The function that runs it with the given arguments, by their keys. A result of None is success."""
    arguments: tuple[Argument, ...] = ()

    @property
    def method(self) -> str | None:
        """The daemon's method that it calls; None when there is not exactly one."""
        return getattr(self.run, "method", None)

    def data(self, given: Mapping[str, Any]) -> Data:
        """The request's data: the given values of this verb's arguments, and nothing else."""
        keys = [argument.key for argument in self.arguments]
        return {key: given[key] for key in keys if given.get(key) is not None}


@dataclass(frozen=True, slots=True)
class Ask:
    """Call `method` and show the answer."""

    method: str
    show: Show

    def __call__(self, session: Session, data: Data) -> None:
        answer = session.call(self.method, data)
        if session.as_json:
            session.print_json(answer)
        else:
            session.print(self.show(answer))


@dataclass(frozen=True, slots=True)
class Follow:
    """Show each item that `method` streams on lines of its own; as JSON, one document a line."""

    method: str
    show: Show

    def __call__(self, session: Session, data: Data) -> None:
        for item in session.stream(self.method, data):
            if session.as_json:
                session.print_json(item, line=True)
            else:
                session.print(self.show(item))


@dataclass(frozen=True, slots=True)
class Progress:
    """Show a bar with `label` while `method` streams its progress; at the end, `show` of the last item."""

    method: str
    label: str
    show: Show

    def __call__(self, session: Session, data: Data) -> None:
        last: Data | None = None
        if session.as_json:
            for item in session.stream(self.method, data):
                session.print_json(item, line=True)
            return
        with ProgressBar(self.label) as bar:
            for last in session.stream(self.method, data):
                bar.update(last["done"], last["total"], last.get("note", ""))
        if last is not None:
            session.print(self.show(last))
