"""The settings that count: those of the running daemon, or those it would start with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from mediad.config.load import load
from mediad.config.settings import Settings
from mediad.ctl.client import NotRunning
from mediad.ctl.session import Data, Session
from mediad.errors import ConfigError, EnvelopeError

DEFAULT_FILE = "/etc/mediad/mediad.toml"


@dataclass(frozen=True, slots=True)
class Installation:
    """The daemon and its settings, as far as they are known."""

    settings: Settings | None
    """The settings; None when they are wrong."""
    problems: tuple[str, ...] = ()
    """The problems of the settings."""
    answer: Data | None = None
    """The daemon's report about itself; None when it does not run, or did not answer."""
    absence: str | None = None
    """The reason why there is no report."""
    secret_origins: Mapping[str, str] = field(default_factory=dict)
    """The origin of each secret that is set, by its key."""


def find(session: Session, path: str | None, environ: Mapping[str, str]) -> Installation:
    """Ask the daemon; without one, read what it would read. Raises NotAllowed."""
    try:
        answer = session.call("doctor", {})
        told = answer.get("secretOrigins", {})  # a daemon of an older version says nothing of them
        return Installation(_settings(answer["settings"]), answer=answer, secret_origins=told)
    except (NotRunning, EnvelopeError) as error:
        absence = str(error)
    path = path or environ.get("MEDIAD_CONFIG") or (DEFAULT_FILE if Path(DEFAULT_FILE).exists() else None)
    try:
        loaded = load(path=path, environ=environ)
    except ConfigError as error:
        return Installation(None, tuple(str(error).splitlines()), absence=absence)
    return Installation(loaded.settings, absence=absence, secret_origins=loaded.secret_origins)


def _settings(answer: Data) -> Settings:
    """Read a daemon's settings; those of another version may be unknown here, or have a single address."""
    names = {field.name for field in dataclasses.fields(Settings)}
    known = {key: value for key, value in answer.items() if key in names}
    for name in ("listen_ip", "announced_ip"):
        if isinstance(known.get(name), str):
            known[name] = [known[name]]
    if "announced_address" in answer:
        told = answer["announced_address"] or answer["listen_ip"]
        known["announced"] = [{"ip": answer["listen_ip"], "announced": [told]}]
    return msgspec.convert(known, Settings)
