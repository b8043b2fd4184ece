"""Verbs that empty a node or a worker: drain, undrain, worker restart."""

from __future__ import annotations

from mediad.ctl.command import Ask, Command, Progress, argument
from mediad.ctl.session import Data

GROUPS = {"worker": "one worker process"}

_WORKER = argument(
    "--worker", dest="workerId", type=int, metavar="N", help="only this worker; without it, the whole node"
)
_MOVE = argument(
    "--move",
    action="store_true",
    help="do not wait for rooms to end: send their peers away at once, to come back elsewhere",
)


def _name(data: Data) -> str:
    return "the node" if data["workerId"] is None else f"worker {data['workerId']}"


def _drained(data: Data) -> str:
    """The state at the end of a drain; without waiting, at its beginning."""
    if data["state"] == "undone":
        return f"{_name(data)} is not draining any more"
    undo = "mediactl undrain" + ("" if data["workerId"] is None else f" --worker {data['workerId']}")
    if data["state"] == "drained":
        return f"{_name(data)} is drained and takes no rooms; end that with: {undo}"
    return f"{_name(data)} is draining: {data['note']}; end that with: {undo}"


COMMANDS = (
    Command(
        "drain",
        "take no new rooms, and wait until those there are have ended; Ctrl-C ends only the waiting",
        Progress("drain", "draining", _drained),
        (
            _WORKER,
            argument(
                "--deadline",
                dest="deadlineS",
                type=float,
                metavar="S",
                help="seconds after which the peers of rooms still there are sent away; without it, never",
            ),
            _MOVE,
            argument("--no-wait", dest="wait", action="store_const", const=False, help="return at once"),
        ),
    ),
    Command(
        "undrain",
        "welcome new rooms again",
        Ask("undrain", lambda data: f"{_name(data)} takes rooms again"),
        (_WORKER,),
    ),
    Command(
        "worker restart",
        "drain a worker and replace its process while the others serve; Ctrl-C stops it where it is",
        Progress("worker.restart", "restarting", lambda data: str(data["note"])),
        (
            argument("workerId", type=int, metavar="N", nargs="?", help="which one"),
            argument("--all", action="store_true", help="all, one after another"),
            argument(
                "--deadline",
                dest="deadlineS",
                type=float,
                metavar="S",
                help="seconds after which rooms still there move to other workers (default 60)",
            ),
            _MOVE,
        ),
    ),
)
