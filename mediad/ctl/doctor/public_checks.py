"""Checks of a daemon that anyone on the internet may reach: `mediactl doctor --public`."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator

from mediad.config.listen import is_address
from mediad.ctl.doctor.facts import Exposure, Facts, ProcessFacts
from mediad.ctl.doctor.finding import Check, Finding, error, ok, warning

TOKEN_KEYS = ("jwt_secrets", "jwt_public_keys", "jwt_jwks")
"""The settings with which tokens are verified."""

UNLIMITED = {
    "max_connections_per_address": "one address can take every connection that the front has",
}
"""The limits that hold strangers, each with what its absence means."""

_PRIVILEGES: tuple[tuple[str, str, str, Callable[[ProcessFacts], bool]], ...] = (
    (
        "user",
        "run as root, so that who takes one over has the machine",
        "no process runs as root",
        lambda process: process.user_id == 0,
    ),
    (
        "capabilities",
        "have privileges of root (capabilities)",
        "no process has a capability",
        lambda process: process.capabilities != 0,
    ),
    (
        "no-new-privileges",
        "may gain privileges by the programs that they start",
        "no process can gain privileges",
        lambda process: not process.no_new_privileges,
    ),
    (
        "system-calls",
        "may make any system call, since no filter is in force",
        "a filter of system calls is in force in every process",
        lambda process: not process.filters_calls,
    ),
)
"""The checks of processes: name, the problem, words for when there is none, and who has it."""

WORLD_READ, WORLD_ANY = 0o004, 0o007
PUBLIC_FDS = 16384
"""The descriptors below which strangers take all places with one machine."""


def tokens(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    keys = [key for key in TOKEN_KEYS if key in exposure.secret_origins or _is_set(facts, key)]
    if keys:
        yield ok("tokens", f"nobody enters a room without a token ({', '.join(keys)})")
        return
    text = "no token is needed: whoever reaches the front may open rooms and enter any"
    yield error("tokens", text, "set jwt_secrets, and have your application give tokens to its users")


def _is_set(facts: Facts, key: str) -> bool:
    return facts.settings is not None and bool(getattr(facts.settings, key))


def encryption(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    """Judge who can read tokens on their way to the front."""
    assert facts.settings is not None
    if facts.settings.tls_certificate is not None:
        yield ok("encryption", "the front speaks https and wss")
    elif _is_loopback(facts.settings.host):
        yield ok(
            "encryption", f"the front is on {facts.settings.host}: people come by a proxy, which has https"
        )
    else:
        text = f"the front speaks http on {facts.settings.host}: tokens and messages can be read on the way"
        advice = "set tls_certificate and tls_private_key, or host = 127.0.0.1 behind a proxy with https"
        yield error("encryption", text, advice)


def origins(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    assert facts.settings is not None
    allowed = facts.settings.cors_origins
    if allowed is not None and "*" not in allowed:
        yield ok("origins", f"pages from {', '.join(allowed) or 'this server alone'} may connect")
        return
    text = "every page on the web may connect with the browser of whoever visits it"
    yield warning("origins", text, "set cors_origins to the origins of your application's pages")


def limits(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    off = [(key, meaning) for key, meaning in UNLIMITED.items() if getattr(facts.settings, key) == 0]
    for key, meaning in off:
        yield warning(
            "limits", f"{key} = 0: {meaning}", f"remove {key} from the settings: the default is meant"
        )
    if not off:
        yield ok("limits", "the limits of strangers are in force; `mediactl limits` shows how near they are")


def descriptors(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    if facts.daemon is not None and facts.daemon.fd_limit < PUBLIC_FDS:
        text = f"{facts.daemon.fd_limit} descriptors are few for a public server: one stranger takes them all"
        yield warning("public-descriptors", text, "set LimitNOFILE=524288 in the unit")


def memory(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    assert facts.settings is not None
    if facts.settings.worker_memory_max_bytes != 0:
        yield ok("memory-bound", "a worker that takes too much memory is replaced (worker_memory_max_bytes)")
    elif facts.machine.group_memory is not None:
        yield ok("memory-bound", "the control group bounds the memory of all processes together")
    elif facts.daemon is not None:
        text = "nothing bounds the memory of mediad: what takes it all takes the machine"
        yield warning("memory-bound", text, "set MemoryMax= in the unit, or worker_memory_max_bytes")


def targets(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    """Judge where peers can have the server send, and from where plain RTP is believed."""
    assert facts.settings is not None
    for network in facts.settings.plain_target_allow or ():
        if not _is_public(network):
            text = f"plain_target_allow has {network}: peers can have media sent into that network"
            yield warning("targets", text, "name single addresses of those who are to receive, and no more")
    for network in facts.settings.plain_source_allow:
        if _is_large(network):
            text = f"plain_source_allow has {network}: RTP in the clear is believed from anybody there"
            yield warning("targets", text, "name the networks of your own senders, or use SRTP")


def throttling(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    if "network_throttle_secret" in exposure.secret_origins:
        text = "network_throttle_secret is set: who knows it can make calls bad on purpose"
        yield warning("throttle", text, "remove it: it is for tests")


def secrets(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    for key, origin in exposure.secret_origins.items():
        if origin.startswith("--"):
            text = f"{key} is on the command line, which every user of the machine can read"
            yield error("secrets", text, f"put {key} into the settings file, and keep that to the service")
    bad = False
    for file in exposure.files:
        if file.mode & (WORLD_ANY if file.what == "the admin socket" else WORLD_READ):
            bad = True
            yield error(
                "secrets",
                f"every user of the machine can open {file.path} ({file.what}): its mode is {file.mode:04o}",
                f"`chmod o= {file.path}`; where the daemon reads it through a group, `chgrp` it to that",
            )
    if exposure.files and not bad:
        yield ok(
            "secrets", f"only their owners and groups get at {', '.join(f.path for f in exposure.files)}"
        )


def privileges(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    """Judge the user, the capabilities and the sandbox of each process."""
    advice = "run it by its unit (`systemctl start mediad`), whose sandbox has this"
    for check, problem, well, is_wrong in _PRIVILEGES:
        names = [process.name for process in exposure.processes if is_wrong(process)]
        if names:
            judge = error if check == "user" else warning
            yield judge(check, f"{problem}: {', '.join(names)}", advice)
        elif exposure.processes:
            yield ok(check, well)


def pages(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    if exposure.open_pages:
        text = (
            f"{', '.join(exposure.open_pages)} are shown to whoever asks: how many rooms and peers there are"
        )
        advice = "have the proxy answer them to your own network alone (docs/observability.md)"
        yield warning("status-pages", text, advice)


def log(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    assert facts.settings is not None
    if facts.settings.log_level == "debug":
        text = "log_level is debug: strangers can have much written, and it tells of every message"
        yield warning("log", text, 'set log_level = "info"')


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_public(network: str) -> bool:
    try:
        return ipaddress.ip_network(network, strict=False).is_global
    except ValueError:
        return True


def _is_large(network: str) -> bool:
    try:
        parsed = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
    return parsed.is_global and parsed.prefixlen < (24 if parsed.version == 4 else 48)


_JUDGES = (
    *(tokens, encryption, origins, limits, descriptors, memory, targets, throttling),
    *(secrets, privileges, pages, log),
)


def public(facts: Facts) -> Iterator[Finding]:
    """Judge the guard of a daemon, where somebody asked for it."""
    if facts.exposure is not None and facts.settings is not None:
        for judge in _JUDGES:
            yield from judge(facts, facts.exposure)


CHECKS: tuple[Check, ...] = (public,)
