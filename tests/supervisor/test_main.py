"""The command line of mediad: flags, settings, and the exit code of each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediad import __version__
from mediad.config.sample import sample
from mediad.config.settings import KEYS
from mediad.exit_codes import ExitCode
from mediad.supervisor.main import main


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, key in KEYS.items():
        for variable in (f"MEDIAD_{name.upper()}", *key.aliases):
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("MEDIAD_CONFIG", raising=False)


def test_right_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check-config"]) == ExitCode.OK
    assert capsys.readouterr().out == "The settings are right.\n"


def test_wrong_settings_are_all_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mediad.toml"
    path.write_text("prot = 1\n")
    monkeypatch.setenv("MEDIAD_WORKERS", "none")
    assert main(["--check-config", "--config", str(path), "--port", "x"]) == ExitCode.CONFIG
    assert capsys.readouterr().err.splitlines() == [
        f"mediad: prot: unknown setting (file {path}:1), did you mean port?",
        "mediad: workers: got 'none' (environment MEDIAD_WORKERS), "
        'expected a whole number from 1 to 256, or "auto"',
        "mediad: port: got 'x' (--port), expected a whole number from 0 to 65535",
    ]


def test_the_file_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MEDIAD_CONFIG", str(tmp_path / "missing.toml"))
    assert main(["--check-config"]) == ExitCode.CONFIG
    assert "missing.toml: cannot read the settings file" in capsys.readouterr().err


def test_the_sample_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sample-config"]) == ExitCode.OK
    assert capsys.readouterr().out == sample()


def test_wrong_settings_start_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--listen-ip", "nowhere"]) == ExitCode.CONFIG
    expected = "an IPv4 or IPv6 address, or a list of at most 8 different ones"
    assert capsys.readouterr().err == f"mediad: listen_ip: got 'nowhere' (--listen-ip), expected {expected}\n"


def test_media_that_could_not_arrive_is_refused_and_doubts_are_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for start in ([], ["--check-config"]):
        assert main([*start, "--announced-ip", "8.8.4.4"]) == ExitCode.CONFIG
        assert "media sent to 8.8.4.4 would be lost; set listen_ip to 0.0.0.0" in capsys.readouterr().err
    assert main(["--check-config", "--host", "0.0.0.0", "--open", "true"]) == ExitCode.OK
    shown = capsys.readouterr()
    assert shown.err.startswith("mediad: warning: browsers are told to send media to 127.0.0.1, where only")
    assert shown.out == "The settings can be used, but see the warnings.\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "sfu.example", "192.0.2.1"])
def test_a_server_that_strangers_reach_is_open_on_purpose_alone(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for start in ([], ["--check-config"]):
        assert main([*start, "--host", host]) == ExitCode.CONFIG
        told = capsys.readouterr().err
        assert told.startswith(
            f"mediad: host: got {host!r} (--host), expected an address of this machine alone"
        )
        assert "set jwt_secrets, jwt_public_keys or jwt_jwks" in told
        assert "set open = true, or --open true" in told
    for way in (["--open", "true"], ["--jwt-secrets", "s" * 32]):
        assert main(["--check-config", "--host", host, *way]) == ExitCode.OK
    assert main(["--check-config", "--host", "localhost"]) == ExitCode.OK


@pytest.mark.parametrize("argv", [["--nonsense"], ["--por", "1"], ["stray"], ["--port"]])
def test_usage(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == ExitCode.USAGE


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["--version"], ["--help"]):
        with pytest.raises(SystemExit) as caught:
            main(argv)
        assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert f"mediad {__version__}" in shown
    for flag in (
        "--config",
        "--host",
        "--port",
        "--workers",
        "--listen-ip",
        "--announced-ip",
        "--rtc-base-port",
    ):
        assert flag in shown
