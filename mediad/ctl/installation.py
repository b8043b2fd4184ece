"""Which settings count: those of the daemon that runs, or those it would start with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mediad.config.load import load
from mediad.config.settings import Settings
from mediad.ctl.client import NotRunning
from mediad.ctl.session import Data, Session
from mediad.errors import ConfigError, EnvelopeError

DEFAULT_FILE = "/etc/mediad/mediad.toml"


@dataclass(frozen=True, slots=True)
class Installation:
    """What is known of the daemon and its settings."""

    settings: Settings | None
    """None when they are wrong."""
    problems: tuple[str, ...] = ()
    """What is wrong with them."""
    answer: Data | None = None
    """What the daemon says of itself; None when it does not run, or not well."""
    absence: str | None = None
    """Why it says nothing."""


def find(session: Session, path: str | None, environ: Mapping[str, str]) -> Installation:
    """Ask the daemon; without one, read what it would read. NotAllowed passes through."""
    try:
        answer = session.call("doctor", {})
        # a daemon of another version may have settings this one has not heard of
        names = {field.name for field in dataclasses.fields(Settings)}
        known = {key: value for key, value in answer["settings"].items() if key in names}
        return Installation(Settings(**known), answer=answer)
    except (NotRunning, EnvelopeError) as error:
        absence = str(error)
    path = path or environ.get("MEDIAD_CONFIG") or (DEFAULT_FILE if Path(DEFAULT_FILE).exists() else None)
    try:
        settings = load(path=path, environ=environ).settings
    except ConfigError as error:
        return Installation(None, tuple(str(error).splitlines()), absence=absence)
    return Installation(settings, absence=absence)
