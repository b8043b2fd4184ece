"""The scripts for shells."""

from __future__ import annotations

import pytest

from mediad.ctl.completion import BASH, ZSH
from mediad.ctl.main import main


@pytest.mark.parametrize(("shell", "script"), [("bash", BASH), ("zsh", ZSH)])
def test_scripts(shell: str, script: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert capsys.readouterr().out == script


def test_another_shell() -> None:
    with pytest.raises(SystemExit):
        main(["completion", "fish"])
