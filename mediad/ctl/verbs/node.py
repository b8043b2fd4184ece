"""Verbs about the node as a whole: status, workers, rooms, stats."""

from __future__ import annotations

from mediad.ctl.command import Ask, Command
from mediad.ctl.render import duration, fields, percent, size, table, yes_no
from mediad.ctl.session import Data


def _status(data: Data) -> str:
    return fields(
        [
            ("status", data["status"]),
            ("url", data["url"] or "not serving yet"),
            ("version", data["version"]),
            ("pid", data["pid"]),
            ("up", duration(data["uptimeS"])),
            ("workers", f"{data['workersReady']} of {data['workers']} ready, {data['restarts']} restarts"),
            ("rooms", data["rooms"]),
            ("peers", data["peers"]),
            ("UDP GSO", yes_no(data["udpGso"])),
            ("UDP GRO", yes_no(data["udpGro"])),
        ]
    )


def _workers(data: Data) -> str:
    rows = [
        (
            worker["workerId"],
            worker["state"],
            worker["pid"],
            worker["roomCount"],
            percent(worker["cpuUsage"]),
            size(worker["rssBytes"]),
            duration(worker["uptimeS"]),
            worker["restarts"],
            f"{worker['firstPort']}-{worker['lastPort']}",
            worker["lastDeath"],
        )
        for worker in data["workers"]
    ]
    headings = ("WORKER", "STATE", "PID", "ROOMS", "CPU", "MEMORY", "UP", "RESTARTS", "PORTS", "LAST DEATH")
    return table(headings, rows)


def _rooms(data: Data) -> str:
    rows = [
        (room["roomId"], room["workerId"], room["peers"], room["producers"], room["consumers"])
        for room in data["rooms"]
    ]
    return table(("ROOM", "WORKER", "PEERS", "PRODUCERS", "CONSUMERS"), rows)


def _stats(data: Data) -> str:
    """Every counter of every worker: a row a counter, a column a worker."""
    reports: dict[str, Data] = data["reports"]
    flat = {worker_id: dict(_flatten(report)) for worker_id, report in reports.items()}
    names = sorted({name for report in flat.values() for name in report})
    rows = [(name, *(report.get(name) for report in flat.values())) for name in names]
    return table(("COUNTER", *(f"WORKER {worker_id}" for worker_id in flat)), rows)


def _flatten(report: Data, prefix: str = "") -> list[tuple[str, object]]:
    """`{"dropped": {"replay": 3}}` becomes `("dropped.replay", 3)`."""
    found: list[tuple[str, object]] = []
    for name, value in report.items():
        if isinstance(value, dict):
            found += _flatten(value, f"{prefix}{name}.")
        else:
            found.append((prefix + name, value))
    return found


COMMANDS = (
    Command("status", "how the node is, at a glance", Ask("status", _status)),
    Command("workers", "the worker processes", Ask("workers", _workers)),
    Command("rooms", "the rooms, and who is in them", Ask("rooms", _rooms)),
    Command("stats", "every counter of every worker", Ask("stats", _stats)),
)
