"""Seeded faults of a server that anyone on the internet may reach."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mediad.config.settings import Settings
from mediad.ctl.doctor.facts import Exposure, Facts, FileFacts, ProcessFacts
from mediad.ctl.doctor.public_checks import UNLIMITED
from tests.support.doctor_facts import MACHINE, SETTINGS, WELL, daemon
from tests.support.findings import faults, in_order, only_fault

PROCESS = ProcessFacts(
    name="supervisor", user_id=61000, capabilities=0, no_new_privileges=True, filters_calls=True
)
FILE = FileFacts(what="the settings, with jwt_secrets", path="/etc/mediad/mediad.toml", mode=0o640)
GUARDED = Exposure(
    secret_origins={"jwt_secrets": "file /etc/mediad/mediad.toml:3"},
    processes=(PROCESS, replace(PROCESS, name="worker 0")),
    files=(FILE, FileFacts(what="the admin socket", path="/run/mediad/mediad.sock", mode=0o660)),
)
PUBLIC = replace(
    WELL,
    settings=replace(SETTINGS, cors_origins=("https://call.example.com",), jwt_secrets=("s" * 40,)),
    daemon=daemon(tokens_needed=True).daemon,
    machine=replace(MACHINE, group_memory=(1, 100)),
    exposure=GUARDED,
)


def with_settings(**changes: Any) -> Facts:
    assert PUBLIC.settings is not None
    return replace(PUBLIC, settings=replace(PUBLIC.settings, **changes))


def with_exposure(**changes: Any) -> Facts:
    return replace(PUBLIC, exposure=replace(GUARDED, **changes))


def with_process(**changes: Any) -> Facts:
    return with_exposure(processes=(PROCESS, replace(PROCESS, name="worker 0", **changes)))


def test_a_server_that_is_guarded() -> None:
    assert faults(PUBLIC) == []
    assert in_order(PUBLIC, "tokens") == ["nobody enters a room without a token, and each expires"]
    assert in_order(PUBLIC, "user") == ["no process runs as root"]


def test_it_is_not_judged_unless_somebody_asks() -> None:
    assert faults(replace(PUBLIC, exposure=None)) == []
    assert in_order(replace(PUBLIC, exposure=None), "tokens") == []
    assert [check for _, check, _ in faults(replace(PUBLIC, settings=None))] == []


def test_rooms_that_are_open() -> None:
    open_to_all = replace(PUBLIC, daemon=daemon(tokens_needed=False).daemon)
    assert ("error", "tokens") in [found[:2] for found in faults(open_to_all)]
    stopped = replace(with_settings(open=True, jwt_secrets=None), daemon=None, daemon_problem="it is stopped")
    assert ("error", "tokens") in [found[:2] for found in faults(stopped)]


def test_tokens_without_an_end() -> None:
    only_fault(with_settings(token_require_exp=False), "warning", "tokens", "for ever")


def test_whose_word_counts_about_addresses() -> None:
    only_fault(with_settings(trusted_proxies=("0.0.0.0/0",)), "error", "proxies", "0.0.0.0/0")
    only_fault(with_settings(trusted_proxies=("198.0.0.0/8",)), "error", "proxies", "198.0.0.0/8")
    behind = with_settings(host="127.0.0.1", tls_certificate=None, tls_private_key=None)
    found = faults(replace(behind, certificate=None))
    assert ("warning", "proxies") in [one[:2] for one in found]
    trusted = with_settings(host="127.0.0.1", trusted_proxies=("127.0.0.1/32",))
    assert "proxies" not in [one[1] for one in faults(trusted)]


def test_a_rate_far_above_its_default() -> None:
    only_fault(with_settings(max_connects_per_s=100_000.0), "warning", "limits", "max_connects_per_s")


def test_words_that_can_be_read_on_the_way() -> None:
    bare = {"tls_certificate": None, "tls_private_key": None}
    problems = faults(replace(with_settings(**bare), certificate=None))
    assert ("error", "encryption") in [problem[:2] for problem in problems]
    behind = replace(with_settings(**bare, host="127.0.0.1"), certificate=None)
    assert in_order(behind, "encryption") == [
        "the front is on 127.0.0.1: people come by a proxy, which has https"
    ]


@pytest.mark.parametrize("origins", [None, ("*",)])
def test_pages_of_every_origin(origins: tuple[str, ...] | None) -> None:
    only_fault(with_settings(cors_origins=origins), "warning", "origins", "every page on the web")


@pytest.mark.parametrize("key", UNLIMITED)
def test_a_limit_that_was_turned_off(key: str) -> None:
    only_fault(with_settings(**{key: 0}), "warning", "limits", f"{key} = 0")
    assert getattr(Settings(), key) > 0, "it is on by default"


def test_few_descriptors() -> None:
    few = replace(PUBLIC, daemon=daemon(fd_limit=4096, tokens_needed=True).daemon)
    only_fault(few, "warning", "public-descriptors", "4096")


def test_memory_that_nothing_bounds() -> None:
    free = replace(with_settings(worker_memory_max_bytes=0), machine=MACHINE)
    only_fault(free, "warning", "memory-bound", "nothing bounds")
    for limit in (2**30, None):
        assert faults(replace(with_settings(worker_memory_max_bytes=limit), machine=MACHINE)) == []


def test_networks_that_peers_can_reach_or_that_are_believed() -> None:
    only_fault(with_settings(plain_target_allow=("10.0.0.0/8",)), "warning", "targets", "10.0.0.0/8")
    only_fault(with_settings(plain_source_allow=("0.0.0.0/0",)), "warning", "targets", "0.0.0.0/0")
    assert faults(with_settings(plain_source_allow=("198.51.100.7/32", "10.0.0.0/8"))) == []


def test_a_secret_for_tests() -> None:
    origins = {**GUARDED.secret_origins, "network_throttle_secret": "environment X"}
    only_fault(with_exposure(secret_origins=origins), "warning", "throttle", "network_throttle_secret")


def test_a_secret_on_the_command_line() -> None:
    only_fault(
        with_exposure(secret_origins={"jwt_secrets": "--jwt-secrets"}), "error", "secrets", "command line"
    )


@pytest.mark.parametrize(
    ("what", "mode", "bad"),
    [
        ("the settings, with jwt_secrets", 0o644, True),
        ("the settings, with jwt_secrets", 0o640, False),
        ("recordings", 0o755, True),
        ("the admin socket", 0o662, True),
        ("the admin socket", 0o660, False),
    ],
)
def test_files_that_others_get_at(what: str, mode: int, bad: bool) -> None:
    facts = with_exposure(files=(FileFacts(what=what, path="/x", mode=mode),))
    if bad:
        only_fault(facts, "error", "secrets", what, f"{mode:04o}")
    else:
        assert faults(facts) == []


def test_processes_with_more_rights_than_they_need() -> None:
    only_fault(with_process(user_id=0), "error", "user", "run as root", ": worker 0")
    only_fault(with_process(capabilities=1), "warning", "capabilities", "worker 0")
    only_fault(with_process(no_new_privileges=False), "warning", "no-new-privileges", "worker 0")
    only_fault(with_process(filters_calls=False), "warning", "system-calls", "worker 0")


def test_pages_about_the_node() -> None:
    only_fault(
        with_exposure(open_pages=("/metrics", "/stats")), "warning", "status-pages", "/metrics, /stats"
    )


def test_a_log_that_strangers_fill() -> None:
    only_fault(with_settings(log_level="debug"), "warning", "log", "debug")
