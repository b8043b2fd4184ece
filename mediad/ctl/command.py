"""What a row of the table of verbs is made of: its words and arguments, and the ways a verb runs.

    Ask        one question, one answer, shown once
    Follow     what happens is shown as it happens, until the daemon or Ctrl-C ends it
    Progress   something that takes long, with a bar; its stream is {"done", "total", "note"?, …}

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
    """A positional argument or an option: what goes to argparse's `add_argument`."""

    flags: tuple[str, ...]
    options: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Under which name the daemon gets the value."""
        name: str = self.options.get("dest") or self.flags[-1]
        return name.lstrip("-").replace("-", "_")


def argument(*flags: str, **options: Any) -> Argument:
    """Spelled as for `add_argument`. A positional's name, or an option's `dest`, is the key in the request:
    `argument("roomId", metavar="ROOM")`, `argument("--deadline", dest="deadlineS", type=float)`."""
    return Argument(flags, options)


@dataclass(frozen=True, slots=True)
class Command:
    """One verb."""

    name: str
    """As it is typed: `status`, or `room show` for a verb of a group."""
    help: str
    run: Run
    """Gets the arguments that were given, by their keys. None is success."""
    arguments: tuple[Argument, ...] = ()

    @property
    def method(self) -> str | None:
        """The daemon's method behind it, if it is but one."""
        return getattr(self.run, "method", None)

    def data(self, given: Mapping[str, Any]) -> Data:
        """The request's data: what was given of this verb's arguments, and nothing else."""
        keys = [argument.key for argument in self.arguments]
        return {key: given[key] for key in keys if given.get(key) is not None}


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask `method` and show the answer."""

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
    """Show each thing that `method` streams on lines of its own; as JSON, one document a line."""

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
    """A bar under `label` while `method` streams how far it has come; at the end, `show` of the last."""

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
