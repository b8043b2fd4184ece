"""Exit codes: the numbers are a promise to systemd units and scripts."""

from __future__ import annotations

import pytest

from mediad.errors import ConfigError, EnvelopeError, MediadError, PortError
from mediad.exit_codes import ExitCode, error_for, exit_code_for


def test_numbers_are_the_documented_ones() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "USAGE": 2,
        "PORT": 69,
        "SOFTWARE": 70,
        "CONFIG": 78,
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), ExitCode.CONFIG),
        (PortError("x"), ExitCode.PORT),
        (MediadError("x"), ExitCode.SOFTWARE),
        (EnvelopeError("x"), ExitCode.SOFTWARE),
    ],
)
def test_errors_and_codes(error: MediadError, code: ExitCode) -> None:
    assert exit_code_for(error) is code
    assert exit_code_for(error_for(code, "x")) is code


@pytest.mark.parametrize("status", [1, -9, 139])
def test_any_other_end_is_a_failure_worth_retrying(status: int) -> None:
    assert type(error_for(status, "x")) is MediadError
