"""The sources of settings, in rising order: defaults, a TOML file, the environment, the command line.

In the environment an alias such as PORT comes first, then MEDIAD_PORT. Unknown keys and values out of range
are refused, naming key, value, expectation and origin; all problems are reported at once.
"""

from __future__ import annotations

import argparse
import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mediad.config import toml
from mediad.config.announced import announced
from mediad.config.key import Key
from mediad.config.kinds import brief
from mediad.config.listen import is_loopback, is_unspecified, version
from mediad.config.settings import DEFAULTS, KEYS, PORTS_PER_WORKER, Settings
from mediad.errors import ConfigError
from mediad.secret_files import exposure

_BUILD_SWITCHES = frozenset({"windows", "debug", "sanitize", "coverage", "crashes", "native", "python"})
"""MEDIAD_* names for the build and the tests: they are no settings, and no mistakes either."""


OPEN_MEANS = (
    "an address of this machine alone, such as 127.0.0.1, since no token is needed and everyone who reaches "
    "it could enter every room; either have clients bring tokens (set jwt_secrets, jwt_public_keys or "
    "jwt_jwks), or let everyone in on purpose (set open = true, or --open true)"
)
"""The refusal of an address that strangers reach, where nothing keeps them out."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The places to read settings from; a reload reads them again."""

    path: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, str | None] = field(default_factory=dict)
    """The texts of flags, by key; None is a flag that was not given."""

    def load(self, present: tuple[str, ...] = ()) -> Loaded:
        """Read all sources. Raises ConfigError with one line for each mistake.

        An announced name is looked up, which may take seconds; those of its addresses that are in `present`
        stay.
        """
        found = _Gathering(origins=dict.fromkeys(KEYS, "default"))
        if self.path is not None:
            _take_file(found, self.path)
        _take_environment(found, self.environ)
        for name, text in self.flags.items():
            if text is not None:
                found.take(name, text, flag_name(name), text=True)
        found.refuse_if_wrong()
        settings = settled(Settings(**found.values), found.origins, present)
        return Loaded(settings, found.origins, self)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and for each key the words for the origin of its value ("default", "--port", …)."""

    settings: Settings
    origins: dict[str, str] = field(default_factory=lambda: dict.fromkeys(KEYS, "default"))
    sources: Sources = field(default_factory=Sources)

    @property
    def secret_origins(self) -> dict[str, str]:
        """The origins of the secrets that are set, by key."""
        return secret_origins(self.settings, self.origins)


def secret_origins(settings: Settings, origins: Mapping[str, str]) -> dict[str, str]:
    """Keep of `origins` those of secrets that are set."""
    return {name: origins[name] for name, key in KEYS.items() if key.secret and getattr(settings, name)}


def load(
    *,
    path: str | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, str | None] | None = None,
) -> Loaded:
    """Read all sources in one step, as `Sources.load` does."""
    return Sources(path, environ or {}, flags or {}).load()


@dataclass(slots=True)
class _Gathering:
    """Values found so far, each with its origin, and all mistakes found."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def take(self, name: str, raw: object, origin: str, *, text: bool) -> None:
        key = KEYS[name]
        kind = key.kind
        self.origins[name] = origin  # also of a wrong value: a later source may then replace it
        try:
            self.values[name] = kind.from_text(raw) if text and isinstance(raw, str) else kind.check(raw)
        except ValueError:
            hint = "" if text else _other_type(key, name, raw)
            self.problems.append(f"{name}: got {key.shown(raw)!r} ({origin}), expected {kind.expected}{hint}")

    def unknown(self, name: str, shown: str, origin: str) -> None:
        near = difflib.get_close_matches(name.lower().replace("-", "_"), [*KEYS, "config"], n=1)
        hint = f"did you mean {near[0]}?" if near else "expected one of: " + ", ".join(KEYS)
        self.problems.append(f"{shown}: unknown setting ({origin}), {hint}")

    def refuse_if_wrong(self) -> None:
        if self.problems:
            raise ConfigError("\n".join(self.problems))


def _other_type(key: Key, name: str, raw: object) -> str:
    """The correct line for a value that is right but for its quotes; empty otherwise."""
    if key.secret or isinstance(raw, bool | list | dict):
        return ""
    try:
        value = key.kind.from_text(str(raw))
    except ValueError:
        return ""
    if isinstance(raw, str):
        return f"; write it without quotes: {name} = {raw.strip()}" if isinstance(value, int | float) else ""
    return f"; write it in quotes: {name} = {json.dumps(str(raw))}"


def _take_file(found: _Gathering, path: str) -> None:
    contents = toml.read(path)
    secrets: list[str] = []
    found.problems += contents.problems
    for given in contents.given:
        origin = f"file {path}" + (f":{given.line}" if given.line else "")
        if given.name in KEYS:
            secrets += [given.name] if KEYS[given.name].secret else []
            found.take(given.name, given.value, origin, text=False)
        else:
            found.unknown(given.name, given.name, origin)
    if secrets and (problem := exposure(path)) is not None:
        found.problems.append(f"{path}: it holds {', '.join(secrets)}, and {problem}")


def _take_environment(found: _Gathering, environ: Mapping[str, str]) -> None:
    """Read the environment. An empty variable counts as unset, as compose files leave them."""
    for name, key in KEYS.items():
        for variable in (f"MEDIAD_{name.upper()}", *key.aliases):
            if environ.get(variable):
                found.take(name, environ[variable], f"environment {variable}", text=True)
                break
    known = {f"MEDIAD_{name.upper()}" for name in (*KEYS, *_BUILD_SWITCHES, "config")}
    for variable in environ:
        if variable.startswith("MEDIAD_") and variable not in known:
            found.unknown(variable.removeprefix("MEDIAD_"), variable, "environment")


def settled(settings: Settings, origins: Mapping[str, str], present: tuple[str, ...] = ()) -> Settings:
    """`settings` with the announced addresses. Raises ConfigError for values that contradict each other."""
    check_together(settings, origins)
    return replace(settings, announced=announced(settings, origins["announced_ip"], present=present))


def check_together(settings: Settings, origins: Mapping[str, str]) -> None:
    """Raise ConfigError for values that are each in range but contradict each other."""
    problems = []

    def refuse(name: str, expected: str) -> None:
        value = brief(getattr(settings, name))
        problems.append(f"{name}: got {value!r} ({origins[name]}), expected {expected}")

    for ip in filter(is_unspecified, settings.listen_ip):
        if settings.announced_ip is None:
            refuse("announced_ip", f"an address browsers can reach, since listen_ip {ip} is none")
        if others := [other for other in settings.listen_ip if other != ip and version(other) == version(ip)]:
            refuse("listen_ip", f"{ip} alone, which is every address of its kind, or {others[0]} without it")
    first, last, ranges = settings.rtc_base_port, settings.rtc_max_port, settings.port_ranges()
    if last < first:
        refuse("rtc_max_port", f"rtc_base_port {first} or more")
    elif settings.worker_count() > ranges:
        refuse("workers", f"at most {ranges}: each owns {PORTS_PER_WORKER} of the ports {first} to {last}")
    if settings.worker_ping_timeout_s <= settings.worker_ping_interval_s:
        refuse("worker_ping_timeout_s", f"more than worker_ping_interval_s {settings.worker_ping_interval_s}")
    if settings.tls_private_key is not None and settings.tls_certificate is None:
        refuse("tls_certificate", "the file of the certificate that tls_private_key belongs to")
    if not is_guarded(settings.host, settings):
        refuse("host", OPEN_MEANS)
    if problems:
        raise ConfigError("\n".join(problems))


def is_guarded(host: str, settings: Settings) -> bool:
    """True when those whom a front at `host` lets in are the ones that an operator wants."""
    return settings.needs_tokens or settings.open or is_loopback(host)


def flag_name(key: str) -> str:
    return "--" + key.replace("_", "-")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add one flag a key. One that is not given is None, and leaves the other sources in force."""
    group = parser.add_argument_group("settings")
    for name, key in KEYS.items():
        default = "" if DEFAULTS[name] is None else f" (default {brief(DEFAULTS[name])})"
        group.add_argument(
            flag_name(name), metavar=key.kind.metavar, help=(key.doc + default).replace("%", "%%")
        )
