"""Facts about how a daemon is guarded: its processes, its files, and what its front answers to strangers."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from mediad.config.settings import Settings
from mediad.ctl.doctor import reachability
from mediad.ctl.doctor.facts import Exposure, FileFacts, ProcessFacts

STATUS_PAGES = ("/metrics", "/stats", "/workers")
"""The pages of the front that tell about the whole node."""

_FILE = re.compile(r"file (?P<path>.+?)(?::\d+)?")


def look(
    settings: Settings | None,
    secret_origins: Mapping[str, str],
    processes: Mapping[str, int],
    admin_socket: str | None,
    url: str | None,
    root: Path = Path("/"),
) -> Exposure:
    """Gather the facts.

    `secret_origins` says for each secret that is set where it was given, `processes` has pids by name; `root`
    is the folder of proc.
    """
    return Exposure(
        secret_origins=dict(secret_origins),
        processes=tuple(_processes(processes, root)),
        files=tuple(_files(settings, secret_origins, admin_socket)),
        open_pages=tuple(_open_pages(url)) if url is not None else (),
    )


def _processes(pids: Mapping[str, int], root: Path) -> Iterator[ProcessFacts]:
    for name, pid in pids.items():
        with contextlib.suppress(OSError, KeyError, ValueError):
            lines = (root / f"proc/{pid}/status").read_text().splitlines()
            told = {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
            yield ProcessFacts(
                name=name,
                user_id=int(told["Uid"].split()[1]),
                capabilities=int(told["CapEff"], 16),
                no_new_privileges=told["NoNewPrivs"] == "1",
                filters_calls=told["Seccomp"] == "2",
            )


def _files(
    settings: Settings | None, secret_origins: Mapping[str, str], admin_socket: str | None
) -> Iterator[FileFacts]:
    named: dict[str, str | None] = {}
    for key, origin in secret_origins.items():
        if found := _FILE.fullmatch(origin):
            named[f"the settings, with {key}"] = found["path"]
    if settings is not None:
        named["the key of the certificate"] = settings.tls_private_key or settings.tls_certificate
        named["the secret of webhooks"] = settings.webhook_secret_file
        named["recordings"] = settings.recording_dir
    named["the admin socket"] = admin_socket
    for what, path in named.items():
        if path is not None:
            with contextlib.suppress(OSError):
                mode = stat.S_IMODE(os.stat(path).st_mode)
                yield FileFacts(what=what, path=path, mode=mode)


def _open_pages(url: str) -> Iterator[str]:
    """The pages about the node that are answered to whoever asks, without a token."""
    for path in STATUS_PAGES:
        with contextlib.suppress(OSError, ValueError):
            if reachability.status(url.rstrip("/") + path) == 200:
                yield path
