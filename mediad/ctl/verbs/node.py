"""Verbs about the node as a whole: status and workers."""

from __future__ import annotations

from mediad.ctl.command import Ask, Command
from mediad.ctl.render import duration, fields, percent, size, table, yes_no
from mediad.ctl.session import Data
from mediad.words import plural


def _status(data: Data) -> str:
    restarts = plural(data["restarts"], "restart")
    return fields(
        [
            ("status", data["status"]),
            ("url", data["url"] or "not serving yet"),
            ("version", data["version"]),
            ("pid", data["pid"]),
            ("up", duration(data["uptimeS"])),
            ("workers", f"{data['workersReady']} of {data['workers']} ready, {restarts}"),
            ("rooms", data["rooms"]),
            ("peers", data["peers"]),
            ("sandbox", "; ".join(data.get("confinement") or ["-"])),
            ("tokens", _tokens(data.get("tokens") or {})),
            ("UDP GSO", yes_no(data["udpGso"])),
            ("UDP GRO", yes_no(data["udpGro"])),
            *(("problem", problem) for problem in data["problems"]),
        ]
    )


def _tokens(tokens: Data) -> str:
    """Say whether tokens are needed, and name the keys. Older daemons do not tell."""
    if not tokens:
        return "-"
    if not tokens["needed"]:
        return "not needed: whoever reaches this node may enter every room"
    keys = [f"{key['algorithm']} by {key['name']}" for key in tokens["keys"]]
    refused = sum(tokens["refused"].values())
    return f"needed; {', '.join(keys[:4]) or 'no key yet'}{', …' if keys[4:] else ''}; {refused} refused"


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
            _fullest(worker),
            worker["restarts"],
            f"{worker['firstPort']}-{worker['lastPort']}",
            worker["lastDeath"],
        )
        for worker in data["workers"]
    ]
    headings = (
        "WORKER",
        "STATE",
        "PID",
        "ROOMS",
        "CPU",
        "MEMORY",
        "UP",
        "FULLEST",
        "RESTARTS",
        "PORTS",
        "LAST DEATH",
    )
    return table(headings, rows)


def _fullest(worker: Data) -> str:
    """The fullest table of a worker. Older daemons do not report it."""
    tables = worker.get("tables", {})
    if not tables:
        return "-"
    used = {name: table["used"] / table["capacity"] for name, table in tables.items()}
    name = max(used, key=lambda name: used[name])
    return f"{name} {percent(used[name])}"


COMMANDS = (
    Command("status", "how the node is, at a glance", Ask("status", _status)),
    Command("workers", "the worker processes", Ask("workers", _workers)),
)
