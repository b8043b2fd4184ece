"""Every setting of mediad: its default, its meaning, what it may be, and where its value came from.

A value comes from, in rising order: the default below, the TOML file, the environment (an alias such as PORT,
then MEDIAD_PORT), the command line (`--port`). Unknown keys and values out of range are refused, naming key,
value, expectation and origin; all problems are reported at once.
"""

from __future__ import annotations

import argparse
import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

import msgspec

from mediad.config_kinds import Choice, Codecs, Host, IpAddress, Kind, Number, SocketPath, Whole, Workers
from mediad.errors import ConfigError

PORTS_PER_WORKER = 1000
"""Worker i owns rtc_base_port + i * PORTS_PER_WORKER and the 999 ports above it."""

LOG_LEVELS = ("debug", "info", "warning", "error", "none")

_BUILD_SWITCHES = frozenset({"probe", "debug", "sanitize", "coverage", "crashes", "native", "python"})
"""MEDIAD_* names that steer the build and the tests: not settings, and not mistakes either."""


@dataclass(frozen=True, slots=True)
class Key:
    """One setting as people meet it: its range, its meaning, other environment names than MEDIAD_*."""

    kind: Kind
    doc: str
    aliases: tuple[str, ...] = ()


def _key(default: Any, kind: Kind, doc: str, *aliases: str) -> Any:
    return field(default=default, metadata={"key": Key(kind, doc, aliases)})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one daemon. Left alone, it serves 127.0.0.1 only."""

    host: str = _key("127.0.0.1", Host(), "address the HTTP and WebSocket front listens on")
    port: int = _key(3000, Whole(0, 65535), "TCP port of the front; 0 takes any free one", "PORT")
    workers: int | None = _key(
        None,
        Workers(),
        'number of worker processes; "auto" is one for each usable core',
        "MEDIASOUP_WORKER_COUNT",
    )
    listen_ip: str = _key(
        "127.0.0.1",
        IpAddress(),
        "address media is received on",
        "WEBRTC_LISTEN_IP",
        "MEDIASOUP_LISTEN_IP",
    )
    announced_ip: str | None = _key(
        None,
        Host(),
        "address or name browsers are told to send media to; unset, it is listen_ip",
        "ANNOUNCED_IP",
        "MEDIASOUP_ANNOUNCED_IP",
    )
    rtc_base_port: int = _key(
        10000,
        Whole(1, 65535),
        "first media port (UDP); worker i owns the 1000 ports from rtc_base_port + i * 1000",
        "MEDIASOUP_MIN_PORT",
    )
    rtc_max_port: int = _key(65535, Whole(1, 65535), "last port media may use", "MEDIASOUP_MAX_PORT")
    media_codecs: tuple[dict[str, Any], ...] | None = _key(
        None, Codecs(), "codecs every room offers, as RTP codec capabilities; unset, the built-in list"
    )
    max_incoming_bitrate_bps: int = _key(
        0, Whole(0, 10**10), "most a client may send on one transport, in bit/s; 0 is no limit"
    )
    initial_outgoing_bitrate_bps: int = _key(
        1_000_000, Whole(30_000, 10**10), "what a client is first believed able to receive, in bit/s"
    )
    ice_consent_timeout_s: int = _key(
        20,
        Whole(10, 60, or_zero=True),
        "seconds without a valid STUN request until a client counts as gone; 0 is never",
    )
    udp_buffer_bytes: int = _key(
        4 * 1024 * 1024,
        Whole(65_536, 2**30),
        "receive and send buffer asked of the kernel for each media socket",
    )
    worker_start_timeout_s: float = _key(10.0, Number(0.1, 300), "seconds a worker has to become ready")
    worker_ping_interval_s: float = _key(1.0, Number(0.05, 60), "seconds between two pings of a worker")
    worker_ping_timeout_s: float = _key(
        5.0, Number(0.1, 300), "seconds without an answer after which a worker is killed and replaced"
    )
    shutdown_grace_s: float = _key(
        0.0,
        Number(0, 86_400),
        "seconds rooms may go on after SIGTERM, in which no new room opens; 0 ends them at once",
    )
    admin_socket: str | None = _key(
        None,
        SocketPath(),
        "Unix socket for mediactl; unset, mediad.sock in $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR or /run/mediad",
    )
    log_level: str = _key(
        "info",
        Choice(*LOG_LEVELS, synonyms={"warn": "warning", "critical": "error"}),
        "least important line to log",
        "LOG_LEVEL",
        "MEDIASOUP_LOG_LEVEL",
    )
    log_format: str = _key("text", Choice("text", "json"), "one line of text or one JSON object an event")

    def worker_count(self) -> int:
        """How many workers to run; "auto" never asks for more than the media ports can feed."""
        if self.workers is not None:
            return self.workers
        return max(1, min(len(os.sched_getaffinity(0)), self._port_ranges()))

    def worker_settings(self, worker_id: int) -> WorkerSettings:
        """What worker `worker_id` (0 …) needs to know."""
        first = self.rtc_base_port + worker_id * PORTS_PER_WORKER
        return WorkerSettings(
            worker_id=worker_id,
            listen_ip=self.listen_ip,
            announced_ip=self.announced_ip,
            rtc_first_port=first,
            rtc_last_port=min(first + PORTS_PER_WORKER - 1, self.rtc_max_port),
            max_incoming_bitrate_bps=self.max_incoming_bitrate_bps,
            initial_outgoing_bitrate_bps=self.initial_outgoing_bitrate_bps,
            ice_consent_timeout_s=self.ice_consent_timeout_s,
            udp_buffer_bytes=self.udp_buffer_bytes,
            log_level=self.log_level,
            log_format=self.log_format,
        )

    def _port_ranges(self) -> int:
        """How many workers find at least their shared port below rtc_max_port."""
        return (self.rtc_max_port - self.rtc_base_port) // PORTS_PER_WORKER + 1


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The settings of one worker process, handed to it as JSON on its command line."""

    worker_id: int
    listen_ip: str = "127.0.0.1"
    announced_ip: str | None = None
    rtc_first_port: int = 10000
    """The UDP port all WebRTC transports of the worker share."""
    rtc_last_port: int = 10999
    max_incoming_bitrate_bps: int = 0
    initial_outgoing_bitrate_bps: int = 1_000_000
    ice_consent_timeout_s: int = 20
    udp_buffer_bytes: int = 4 * 1024 * 1024
    log_level: str = "info"
    log_format: str = "text"

    @property
    def candidate_ip(self) -> str:
        """What ICE candidates name: the announced address, else the one listened on."""
        return self.announced_ip or self.listen_ip

    def to_json(self) -> str:
        return msgspec.json.encode(self).decode()

    @staticmethod
    def from_json(text: str) -> WorkerSettings:
        """Raises ConfigError when `text` is not what `to_json` writes."""
        try:
            return msgspec.json.decode(text, type=WorkerSettings)
        except msgspec.DecodeError as error:
            raise ConfigError(f"worker settings: {error}") from None


KEYS: dict[str, Key] = {f.name: cast(Key, f.metadata["key"]) for f in fields(Settings)}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and for each key the words for where its value came from ("default", "--port", …)."""

    settings: Settings
    origins: dict[str, str]


@dataclass(slots=True)
class _Gathering:
    """Values found so far, each with its origin, and everything found wrong."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def take(self, name: str, raw: object, origin: str, *, text: bool) -> None:
        kind = KEYS[name].kind
        self.origins[name] = origin  # even when wrong: a later, better source then speaks for itself
        try:
            self.values[name] = kind.from_text(raw) if text and isinstance(raw, str) else kind.check(raw)
        except ValueError:
            self.problems.append(f"{name}: got {raw!r} ({origin}), expected {kind.expected}")

    def unknown(self, name: str, shown: str, origin: str) -> None:
        near = difflib.get_close_matches(name.lower(), [*KEYS, "config"], n=1)
        hint = f"did you mean {near[0]}?" if near else "expected one of: " + ", ".join(KEYS)
        self.problems.append(f"{shown}: unknown setting ({origin}), {hint}")

    def refuse_if_wrong(self) -> None:
        if self.problems:
            raise ConfigError("\n".join(self.problems))


def load(
    *,
    path: str | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, str | None] | None = None,
) -> Loaded:
    """Settings from the TOML file at `path`, then `environ`, then `flags` (key → text; None is unset).

    Raises ConfigError with one line for each thing that is wrong.
    """
    found = _Gathering(origins=dict.fromkeys(KEYS, "default"))
    if path is not None:
        _take_file(found, path)
    _take_environment(found, environ or {})
    for name, text in (flags or {}).items():
        if text is not None:
            found.take(name, text, flag_name(name), text=True)
    found.refuse_if_wrong()
    settings = Settings(**found.values)
    found.problems.extend(_contradictions(settings, found.origins))
    found.refuse_if_wrong()
    return Loaded(settings, found.origins)


def _take_file(found: _Gathering, path: str) -> None:
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot read the settings file: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from None
    for name, value in table.items():
        if name in KEYS:
            found.take(name, value, f"file {path}", text=False)
        else:
            found.unknown(name, name, f"file {path}")


def _take_environment(found: _Gathering, environ: Mapping[str, str]) -> None:
    """An empty variable counts as unset, as compose files leave them."""
    for name, key in KEYS.items():
        for variable in (f"MEDIAD_{name.upper()}", *key.aliases):
            if environ.get(variable):
                found.take(name, environ[variable], f"environment {variable}", text=True)
                break
    known = {f"MEDIAD_{name.upper()}" for name in (*KEYS, *_BUILD_SWITCHES, "config")}
    for variable in environ:
        if variable.startswith("MEDIAD_") and variable not in known:
            found.unknown(variable.removeprefix("MEDIAD_"), variable, "environment")


def _contradictions(settings: Settings, origins: Mapping[str, str]) -> list[str]:
    """Keys that are each in range but cannot hold together."""
    problems = []

    def refuse(name: str, expected: str) -> None:
        problems.append(f"{name}: got {getattr(settings, name)!r} ({origins[name]}), expected {expected}")

    if settings.listen_ip in ("0.0.0.0", "::") and settings.announced_ip is None:
        refuse("announced_ip", f"an address browsers can reach, since listen_ip {settings.listen_ip} is none")
    first, last, ranges = settings.rtc_base_port, settings.rtc_max_port, settings._port_ranges()
    if last < first:
        refuse("rtc_max_port", f"rtc_base_port {first} or more")
    elif settings.worker_count() > ranges:
        refuse("workers", f"at most {ranges}: each owns {PORTS_PER_WORKER} of the ports {first} to {last}")
    if settings.worker_ping_timeout_s <= settings.worker_ping_interval_s:
        refuse("worker_ping_timeout_s", f"more than worker_ping_interval_s {settings.worker_ping_interval_s}")
    return problems


def flag_name(key: str) -> str:
    return "--" + key.replace("_", "-")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """One flag a key; what is not given stays None, and leaves the file and the environment alone."""
    group = parser.add_argument_group("settings")
    for f in fields(Settings):
        key = KEYS[f.name]
        default = "" if f.default is None else f" (default {f.default})"
        group.add_argument(
            flag_name(f.name), metavar=key.kind.metavar, help=(key.doc + default).replace("%", "%%")
        )


def admin_socket_candidates(environ: Mapping[str, str]) -> list[str]:
    """Where the admin socket is without a setting, best first."""
    directories = [
        environ.get("RUNTIME_DIRECTORY", "").split(":")[0],
        environ.get("XDG_RUNTIME_DIR", ""),
        "/run/mediad",
    ]
    return [f"{directory}/mediad.sock" for directory in directories if directory]
