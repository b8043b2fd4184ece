"""Verbs about the settings: config show, reload, log-level."""

from __future__ import annotations

import json

from mediad.config.kinds import brief
from mediad.config.settings import LOG_LEVELS
from mediad.ctl.command import Ask, Command, argument
from mediad.ctl.render import table
from mediad.ctl.session import Data, Session


def _config_show(session: Session, data: Data) -> None:
    """Show the settings; --origin only changes the display, the daemon's answer is the same."""
    with_origin = data.get("origin", False)
    answer = session.call("config", {})
    if session.as_json:
        session.print_json(answer)
        return
    headings = ("KEY", "VALUE", "ORIGIN", "APPLIES") if with_origin else ("KEY", "VALUE")
    rows = [_row(setting)[: len(headings)] for setting in answer["settings"]]
    session.print(table(headings, rows))


def _row(setting: Data) -> tuple[object, ...]:
    applies = "on reload" if setting["live"] else "on restart"
    if "waiting" in setting:
        applies = f"on restart: {_value(setting['waiting'])}"
    return setting["key"], _value(setting["value"]), setting["origin"], applies


def _value(value: object) -> str | None:
    """The value as a person would write it; None, a dash in the table, for one that is not set."""
    value = brief(value)
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def _reload(data: Data) -> str:
    lines = [f"{change['key']}: {_change(change)}" for change in data["changed"]]
    lines += data["notes"]
    lines += [f"{change['key']}: {_change(change)} waits for a restart" for change in data["waiting"]]
    return "\n".join(lines) or "nothing has changed"


def _change(change: Data) -> str:
    return f"{_value(change['before']) or '-'} → {_value(change['after']) or '-'}"


def _log_level(data: Data) -> str:
    return f"{data['level']} ({data['origin']})"


COMMANDS = (
    Command(
        "config show",
        "the settings in force",
        _config_show,
        (
            argument(
                "--origin", action="store_true", help="also where each comes from, and when it can change"
            ),
        ),
    ),
    Command(
        "reload",
        "read the settings and the TLS certificate again; when anything is wrong, nothing changes",
        Ask("reload", _reload),
    ),
    Command(
        "log-level",
        "how much is logged, by the daemon and its workers; a new level holds until the next reload",
        Ask("logLevel", _log_level),
        (argument("level", nargs="?", choices=LOG_LEVELS, help="the least important line to log"),),
    ),
)

GROUPS = {"config": "the settings of the running daemon"}
