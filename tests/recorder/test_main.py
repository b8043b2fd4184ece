"""The entry point of a recorder process."""

from __future__ import annotations

import pytest

from mediad.exit_codes import ExitCode
from mediad.recorder.__main__ import main


def test_it_is_not_started_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == ExitCode.USAGE
    assert "is started by mediad" in capsys.readouterr().err
