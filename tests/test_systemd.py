"""The systemd unit agrees with the daemon: what not to retry, how long to wait, where the socket is."""

from __future__ import annotations

from configparser import ConfigParser

import pytest

from mediad.config import Settings
from mediad.exit_codes import ExitCode
from tests.support.imports import ROOT


@pytest.fixture
def service() -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(ROOT / "systemd" / "mediad.service")
    return dict(parser["Service"])


def test_what_only_a_person_can_put_right_is_not_retried(service: dict[str, str]) -> None:
    hopeless = {ExitCode.USAGE, ExitCode.PORT, ExitCode.CONFIG}
    assert {int(code) for code in service["RestartPreventExitStatus"].split()} == hopeless
    assert service["Restart"] == "on-failure"


def test_the_supervisor_has_time_to_stop_its_workers_itself(service: dict[str, str]) -> None:
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) > Settings().shutdown_grace_s + 10


def test_the_admin_socket_finds_its_directory(service: dict[str, str]) -> None:
    assert service["RuntimeDirectory"] == "mediad"
