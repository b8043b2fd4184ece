"""All facts at once, of a daemon that runs and of one that does not."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from mediad import __version__
from mediad.config.settings import Settings
from mediad.ctl.doctor import reachability
from mediad.ctl.doctor.gather import _endpoint, gather
from mediad.ctl.installation import Installation
from tests.support.pem import certificate, key_text, pem
from tests.support.ports import free_media_ports, free_port
from tests.support.scripted_session import ScriptedSession

NOBODY = ScriptedSession({})


def test_a_daemon_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachability, "ARRIVAL_TIMEOUT_S", 0)
    reports = {"0": {"dropped": {"stun_unknown_username": 1}}}
    answer = {
        "version": "1.0",
        "pid": os.getpid(),
        "status": "ok",
        "problems": ["worker 0 has failed"],
        "url": None,
        "fdLimit": 9,
        "openFds": 3,
        "workers": [{"workerId": 0, "firstPort": free_media_ports(1)}],
        "reports": reports,
        "settingsProblems": ["port: wrong"],
        "settingsWaiting": ["host"],
    }
    session = ScriptedSession({"reports": reports, "doors": {}})
    facts = gather(session, Installation(Settings(workers=1), answer=answer), None, None)
    assert facts.version == __version__
    assert facts.daemon is not None
    assert (facts.daemon.fd_limit, facts.daemon.open_fds) == (9, 3)
    assert facts.daemon.problems == ("worker 0 has failed",)
    assert facts.daemon.settings_problems == ("port: wrong",)
    assert facts.daemon.settings_waiting == ("host",)
    assert facts.network.announced == ("127.0.0.1",)
    assert [(path.worker_id, path.arrived) for path in facts.network.media_paths] == [(0, False)]
    assert facts.network.front_problem == "it does not serve yet"
    assert facts.network.taken == ()
    assert {method for method, _ in session.asked} == {"stats", "doctor.doors"}


def test_nothing_runs(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "c.pem"
    path.write_text(pem(certificate("sfu", key, key, "sfu")) + key_text(key))
    settings = Settings(
        port=free_port(), workers=1, rtc_base_port=free_media_ports(1), tls_certificate=str(path)
    )
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", settings.rtc_base_port))
        facts = gather(NOBODY, Installation(settings, absence="not running"), None, None)
    assert (facts.daemon, facts.daemon_problem) == (None, "not running")
    assert [taken.port for taken in facts.network.taken] == [settings.rtc_base_port]
    assert facts.certificate is not None
    assert facts.certificate.self_signed


def test_how_it_is_guarded_is_asked_on_wish(tmp_path: Path) -> None:
    installation = Installation(Settings(), secret_origins={"jwt_secrets": "file /etc/m.toml:1"})
    facts = gather(NOBODY, installation, None, None, public=True)
    assert facts.exposure is not None
    assert facts.exposure.secret_origins == {"jwt_secrets": "file /etc/m.toml:1"}
    assert gather(NOBODY, installation, None, None).exposure is None


def test_wrong_settings() -> None:
    facts = gather(NOBODY, Installation(None, ("port: wrong",), absence="not running"), None, None)
    assert (facts.settings_problems, facts.settings, facts.certificate) == (("port: wrong",), None, None)
    assert facts.network.announced is None


def test_servers_that_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def ask_stun(server: str, port: int) -> str:
        asked.append((server, port))
        if port == 1:
            raise TimeoutError("timed out")
        return "8.8.4.4"

    monkeypatch.setattr(reachability, "ask_stun", ask_stun)
    monkeypatch.setattr(reachability, "ask_ntp", lambda server, port: float(port))
    facts = gather(NOBODY, Installation(None), "stun.example", "ntp.example")
    assert (facts.network.public_address, facts.machine.clock.offset_s) == ("8.8.4.4", 123.0)
    facts = gather(NOBODY, Installation(None), "stun.example:1", None)
    assert facts.network.public_problem == "the STUN server stun.example:1 did not answer: timed out"
    assert asked == [("stun.example", 3478), ("stun.example", 1)]


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("a.example", ("a.example", 7)),
        ("a.example:9", ("a.example", 9)),
        ("192.0.2.1:9", ("192.0.2.1", 9)),
        ("2001:db8::1", ("2001:db8::1", 7)),
        ("[2001:db8::1]:9", ("2001:db8::1", 9)),
    ],
)
def test_endpoints(text: str, endpoint: tuple[str, int]) -> None:
    assert _endpoint(text, 7) == endpoint
