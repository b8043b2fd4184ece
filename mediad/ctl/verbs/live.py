"""Verbs that draw again until Ctrl-C: top, and stats --watch."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import time
from collections.abc import Iterator

from mediad.ctl.command import Ask, Command, Follow, argument
from mediad.ctl.exits import CtlExit
from mediad.ctl.render import bitrate, percent, share, size, table
from mediad.ctl.screen import Screen
from mediad.ctl.session import Data, Session
from mediad.words import plural

INTERVAL_S = 2.0
LONGEST_S = 3600.0


def _interval(text: str) -> float:
    """The seconds between two displays."""
    value = float(text)
    if not 0.5 <= value <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text} is not within 0.5 … {LONGEST_S:g} seconds")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def _top(session: Session, data: Data) -> CtlExit | None:
    """Draw what the daemon sends; Ctrl-C is the ordinary end."""
    by_room = data.pop("roomsOnly", False)
    with contextlib.suppress(KeyboardInterrupt):
        if session.as_json:
            Follow("top", str)(session, data)
            return None
        with Screen() as screen:
            for picture in session.stream("top", data):
                screen.draw(draw_top(picture, by_room, screen.lines))
    return None


def draw_top(picture: Data, by_room: bool, lines: int | None) -> str:
    """The node on top, then rooms with their peers below them, busiest first; `lines` fit."""
    head = (
        f"mediad {picture['status']}: "
        f"{plural(picture['rooms'], 'room')}, {plural(picture['peers'], 'peer')}, "
        f"{bitrate(picture['recvBitrate'])} in, {bitrate(picture['sendBitrate'])} out"
    )
    workers = [
        (
            f"worker {worker['workerId']}",
            worker["state"],
            percent(worker["cpuUsage"]),
            size(worker["rssBytes"]),
            plural(worker["roomCount"], "room"),
        )
        for worker in picture["workers"]
    ]
    headings = ("ROOM", "WORKER", "PEER", "NAME", "SENDS", "GETS", "IN", "OUT", "LOSS", "LOST", "LINK")
    rows = list(_rows(picture["busiest"], by_room))
    above = f"{head}\n{table(('', '', 'CPU', 'MEMORY', ''), workers)}\n\n"
    room_left = None if lines is None else max(0, lines - above.count("\n") - 1)
    return above + table(headings, rows[:room_left])


def _rows(rooms: list[Data], by_room: bool) -> Iterator[tuple[object, ...]]:
    for room in rooms:
        flows = bitrate(room["recvBitrate"]), bitrate(room["sendBitrate"])
        name = plural(room["peers"], "peer")
        yield (
            *(room["roomId"], room["workerId"], name, "", room["producers"], room["consumers"]),
            *(*flows, "", "", ""),
        )
        for member in () if by_room else room["members"]:
            yield (
                *("", "", member["peerId"], member["displayName"], member["producers"]),
                *(member["consumers"], bitrate(member["recvBitrate"]), bitrate(member["sendBitrate"])),
                *(share(member["lossReceived"]), share(member["lossSent"])),
                bitrate(member["availableBitrate"]),
            )


def _stats(session: Session, data: Data) -> CtlExit | None:
    """Show the counters once, or again and again with their increase per second."""
    name = data.pop("name", "")
    if "watch" not in data:
        return Ask("stats", lambda answer: counters(answer["reports"], name=name))(session, {})
    with contextlib.suppress(KeyboardInterrupt):
        _watch(session, data["watch"], data.get("count"), name)
    return None


def _watch(session: Session, interval_s: float, count: int | None, name: str) -> None:
    before: Data = {}
    before_s = 0.0
    with Screen() as screen:
        for number in itertools.count(1):
            answer, now_s = session.call("stats", {}), time.monotonic()
            if session.as_json:
                session.print_json(answer, line=True)
            else:
                elapsed_s = now_s - before_s if before else 0.0
                screen.draw(counters(answer["reports"], before, elapsed_s, name=name))
            if number == count:
                return
            before, before_s = answer["reports"], now_s
            time.sleep(interval_s)


def counters(
    reports: dict[str, Data],
    before: dict[str, Data] | None = None,
    elapsed_s: float = 0.0,
    *,
    name: str = "",
) -> str:
    """A table of the counters that have `name` in their name: a row a counter, a column a worker.

    With the reports of `elapsed_s` ago there is another column a worker, for the increase per second.
    """
    flat = {worker_id: dict(_flatten(report)) for worker_id, report in reports.items()}
    old = {worker_id: dict(_flatten(report)) for worker_id, report in (before or {}).items()}
    headings, columns = ["COUNTER"], []
    for worker_id, values in flat.items():
        headings.append(f"WORKER {worker_id}")
        columns.append(values)
        if elapsed_s:
            headings.append("PER S")
            columns.append(_rates(values, old.get(worker_id, {}), elapsed_s))
    names = sorted({found for values in flat.values() for found in values if name in found})
    return table(headings, [(found, *(column.get(found) for column in columns)) for found in names])


def _rates(values: Data, old: Data, elapsed_s: float) -> Data:
    """Increases per second; none for values that are no counters, or fell because the worker was replaced."""
    rates = {}
    for name, value in values.items():
        if _counts(value) and _counts(old.get(name)) and value >= old[name]:
            rates[name] = round((value - old[name]) / elapsed_s, 1)
    return rates


def _counts(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _flatten(report: Data, prefix: str = "") -> list[tuple[str, object]]:
    """The counters by dotted name: `("dropped.replay", 3)` for `{"dropped": {"replay": 3}}`; no histograms"""
    found: list[tuple[str, object]] = []
    for name, value in report.items():
        if isinstance(value, dict):
            found += _flatten(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            found.append((prefix + name, value))
    return found


_COUNT = argument("--count", metavar="N", type=_count, help="stop after N pictures")

COMMANDS = (
    Command(
        "top",
        "what flows where, by room and peer, again and again",
        _top,
        (
            argument(
                "--interval",
                dest="intervalS",
                metavar="S",
                type=_interval,
                help=f"seconds between two pictures (default {INTERVAL_S:g})",
            ),
            argument("--rooms", dest="roomsOnly", action="store_true", help="leave out the peers"),
            _COUNT,
        ),
    ),
    Command(
        "stats",
        "every counter of every worker",
        _stats,
        (
            argument("name", metavar="NAME", nargs="?", help="only those with this in their name"),
            argument(
                "--watch",
                metavar="S",
                nargs="?",
                const=INTERVAL_S,
                type=_interval,
                help="again and again, with what each gained per second",
            ),
            _COUNT,
        ),
    ),
)
