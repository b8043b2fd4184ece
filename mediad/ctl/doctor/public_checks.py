"""Checks of a daemon that anyone on the internet may reach: `mediactl doctor --public`."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator

from mediad.config.listen import is_address
from mediad.config.settings import Settings
from mediad.ctl.doctor.facts import Exposure, Facts, ProcessFacts
from mediad.ctl.doctor.finding import Check, Finding, error, ok, warning

UNLIMITED = {
    "max_connections_per_address": "one address can take every connection that the front has",
    "max_peers_per_room": "one room can take all that the node can hold",
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
RAISED = 10
"""The times of its default from which on a rate is no limit for one attacker."""

PUBLIC_FDS = 16384
"""The descriptors below which strangers take all places with one machine."""


def tokens(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    assert facts.settings is not None
    told = facts.daemon.tokens_needed if facts.daemon is not None else None
    if not (facts.settings.needs_tokens if told is None else told):
        text = "no token is needed: whoever reaches the front may open rooms and enter any"
        advice = "set jwt_secrets or jwt_public_keys, and have your application give tokens to its users"
        yield error("tokens", text, advice)
    elif not facts.settings.token_require_exp:
        text = "token_require_exp is false: a token that got into wrong hands may be good for ever"
        yield warning("tokens", text, "remove token_require_exp, and have your application set exp")
    else:
        yield ok("tokens", "nobody enters a room without a token, and each expires")


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


def proxies(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    """Judge whose word about clients' addresses counts."""
    assert facts.settings is not None
    trusted = facts.settings.trusted_proxies
    for network in trusted:
        if _is_large(network):
            text = f"trusted_proxies has {network}: anybody there may claim any address, and has no limit"
            yield error("proxies", text, "name the addresses of your own proxies, and no more")
    if not trusted and _is_loopback(facts.settings.host):
        text = "the front is behind a proxy, and none is trusted: all people count as one address"
        advice = f"set trusted_proxies to the proxy's address, such as {facts.settings.host}/32"
        yield warning("proxies", text, advice)


def origins(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    assert facts.settings is not None
    allowed = facts.settings.cors_origins
    if allowed is not None and "*" not in allowed:
        yield ok("origins", f"pages from {', '.join(allowed) or 'this server alone'} may connect")
        return
    text = "every page on the web may connect with the browser of whoever visits it"
    yield warning("origins", text, "set cors_origins to the origins of your application's pages")


def limits(facts: Facts, exposure: Exposure) -> Iterator[Finding]:
    assert facts.settings is not None
    off = [(f"{key} = 0", meaning) for key, meaning in UNLIMITED.items() if not getattr(facts.settings, key)]
    for name, usual in Settings().rates_per_s.items():
        rate = facts.settings.rates_per_s[name]
        if rate > RAISED * usual:
            off.append((f"max_{name}_per_s = {rate:g}", f"far above the default of {usual:g}"))
    for setting, meaning in off:
        advice = f"remove {setting.partition(' ')[0]} from the settings: the default is meant for this"
        yield warning("limits", f"{setting}: {meaning}", advice)
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
        yield warning(
            "memory-bound", text, "remove worker_memory_max_bytes = 0, or set MemoryMax= in the unit"
        )


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
    if facts.settings.log_addresses == "full":
        yield ok(
            "log", "the log has whole addresses of clients; log_addresses = truncated or none leaves less"
        )


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
    public = parsed.is_global or parsed.prefixlen == 0
    return public and parsed.prefixlen < (24 if parsed.version == 4 else 48)


_JUDGES = (
    *(tokens, encryption, proxies, origins, limits, descriptors, memory, targets, throttling),
    *(secrets, privileges, pages, log),
)


def public(facts: Facts) -> Iterator[Finding]:
    """Judge the guard of a daemon, where somebody asked for it."""
    if facts.exposure is not None and facts.settings is not None:
        for judge in _JUDGES:
            yield from judge(facts, facts.exposure)


CHECKS: tuple[Check, ...] = (public,)
