"""Sources of settings: precedence, aliases, strictness, and the answer to each mistake."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.config.kinds import brief
from mediad.config.listen import ListenInfo
from mediad.config.load import add_flags, flag_name, load
from mediad.config.settings import KEYS, Settings
from mediad.errors import ConfigError
from tests.support.open_folder import open_folder


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mediad.toml"
    path.write_text(text)
    return str(path)


def problems_of(**sources: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(**sources)  # type: ignore[arg-type]
    return str(caught.value).splitlines()


def test_nothing_configured_serves_loopback_only() -> None:
    settings = load().settings
    assert (settings.host, settings.port, settings.listen_ip) == ("127.0.0.1", 3000, ("127.0.0.1",))
    assert settings == Settings()


def test_flag_beats_environment_beats_file(tmp_path: Path) -> None:
    path = written(tmp_path, "port = 4001\nrtc_base_port = 20001\nrtc_max_port = 40001\n")
    loaded = load(
        path=path,
        environ={"MEDIAD_PORT": "4002", "MEDIAD_RTC_BASE_PORT": "20002"},
        flags={"port": "4003", "host": None},
    )
    settings = loaded.settings
    assert (settings.port, settings.rtc_base_port, settings.rtc_max_port) == (4003, 20002, 40001)
    assert loaded.origins["port"] == "--port"
    assert loaded.origins["rtc_base_port"] == "environment MEDIAD_RTC_BASE_PORT"
    assert loaded.origins["rtc_max_port"] == f"file {path}:3"
    assert loaded.origins["host"] == "default"


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("PORT", "8080", "port", 8080),
        ("MEDIASOUP_WORKER_COUNT", "3", "workers", 3),
        ("WEBRTC_LISTEN_IP", "127.0.0.2", "listen_ip", ("127.0.0.2",)),
        ("MEDIASOUP_LISTEN_IP", "127.0.0.3", "listen_ip", ("127.0.0.3",)),
        ("ANNOUNCED_IP", "127.0.0.7", "announced_ip", ("127.0.0.7",)),
        ("MEDIASOUP_ANNOUNCED_IP", "localhost", "announced_ip", ("localhost",)),
        ("MEDIASOUP_MIN_PORT", "40000", "rtc_base_port", 40000),
        ("MEDIASOUP_MAX_PORT", "49999", "rtc_max_port", 49999),
        ("LOG_LEVEL", "WARN", "log_level", "warning"),
        ("MEDIASOUP_LOG_LEVEL", "none", "log_level", "none"),
    ],
)
def test_aliases_are_honoured_and_own_name_wins(variable: str, text: str, key: str, value: object) -> None:
    assert getattr(load(environ={variable: text}).settings, key) == value
    own = {
        "port": "1",
        "workers": "1",
        "listen_ip": "127.0.0.4",
        "announced_ip": "127.0.0.9",
        "rtc_base_port": "2000",
    }
    own |= {"rtc_max_port": "60000", "log_level": "debug"}
    both = load(environ={variable: text, f"MEDIAD_{key.upper()}": own[key]})
    assert str(brief(getattr(both.settings, key))) == own[key]
    assert both.origins[key] == f"environment MEDIAD_{key.upper()}"


def test_empty_variable_counts_as_unset() -> None:
    assert load(environ={"ANNOUNCED_IP": "", "MEDIAD_PORT": "", "PORT": "5000"}).settings.port == 5000


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("port", "70000"),
        ("port", "-1"),
        ("port", "3_000"),
        ("port", "3000.0"),
        ("workers", "0"),
        ("workers", "many"),
        ("listen_ip", "localhost"),
        ("listen_ip", "10.0.0.256"),
        ("announced_ip", "256.1.1.1"),
        ("announced_ip", "not a host"),
        ("host", "-bad.example"),
        ("ice_consent_timeout_s", "5"),
        ("worker_ping_timeout_s", "nan"),
        ("log_level", "loud"),
        ("log_format", "xml"),
        ("admin_socket", "relative/path"),
        ("admin_socket", "/" + "x" * 107),
        ("media_codecs", "[]"),
        ("media_codecs", "not json"),
    ],
)
def test_wrong_value_names_key_value_expectation_and_origin(key: str, text: str) -> None:
    flag = flag_name(key)
    for sources, origin in (
        ({"environ": {f"MEDIAD_{key.upper()}": text}}, f"environment MEDIAD_{key.upper()}"),
        ({"flags": {key: text}}, flag),
    ):
        (problem,) = problems_of(**sources)
        assert problem == f"{key}: got {text!r} ({origin}), expected {KEYS[key].kind.expected}"


@pytest.mark.parametrize(
    "line",
    [
        'port = "3000"',
        "port = true",
        "port = 1.5",
        "log_level = 3",
        "host = 1",
        "listen_ip = []",
        'workers = "two"',
        "media_codecs = [1]",
        "worker_start_timeout_s = true",
        "admin_socket = false",
    ],
)
def test_file_values_are_typed(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, line)
    (problem,) = problems_of(path=path)
    assert problem.startswith(line.split()[0] + ": got ")
    assert f"(file {path}:1)" in problem


def test_unknown_keys_are_refused_with_the_nearest_known(tmp_path: Path) -> None:
    path = written(tmp_path, "annnounced_ip = '10.0.0.1'\n")
    assert problems_of(path=path) == [
        f"annnounced_ip: unknown setting (file {path}:1), did you mean announced_ip?"
    ]
    (problem,) = problems_of(environ={"MEDIAD_PROT": "1"})
    assert problem == "MEDIAD_PROT: unknown setting (environment), did you mean port?"
    assert problems_of(environ={"MEDIAD_port": "1"})


def test_build_switches_and_foreign_variables_are_no_mistakes() -> None:
    load(environ={"MEDIAD_WINDOWS": "1", "MEDIAD_CONFIG": "/etc/x.toml", "PATH": "/bin", "MEDIADX": "1"})


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "port = 0.5\nnonsense = 1\n")
    assert len(problems_of(path=path, environ={"LOG_LEVEL": "loud"}, flags={"workers": "-3"})) == 4


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ('port = "3000"', "; write it without quotes: port = 3000"),
        ('shutdown_grace_s = "2.5"', "; write it without quotes: shutdown_grace_s = 2.5"),
        ('port = "high"', ""),
        ("port = 1.5", ""),
        ("host = true", ""),
        ("jwt_secrets = 12345678901234567890123456789012", ""),
    ],
)
def test_a_value_that_is_right_but_for_its_quotes(tmp_path: Path, line: str, hint: str) -> None:
    (problem,) = problems_of(path=written(tmp_path, line))
    assert problem.endswith(KEYS[line.split()[0]].kind.expected + hint)
    assert "1234" not in problem


def test_mistakes_of_writing_and_of_meaning_are_told_together(tmp_path: Path) -> None:
    path = written(tmp_path, "host = 0.0.0.0\nport = 'x'\nlisten-ip = '::1'\n")
    assert problems_of(path=path) == [
        f'{path}:1: host = 0.0.0.0: text needs quotes; write: host = "0.0.0.0"',
        f"port: got 'x' (file {path}:2), expected a whole number from 0 to 65535",
        f"listen-ip: unknown setting (file {path}:3), did you mean listen_ip?",
    ]


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.toml")
    assert problems_of(path=missing) == [
        f"{missing}: cannot read the settings file: No such file or directory"
    ]


def test_a_name_is_looked_up_when_settings_are_read(tmp_path: Path) -> None:
    settings = load(flags={"announced_ip": "localhost"}).settings
    assert settings.announced_ip == ("localhost",)
    assert settings.worker_settings(0).listen_infos == (ListenInfo("127.0.0.1", ("127.0.0.1",)),)
    path = written(tmp_path, "listen_ip = '::'\nannounced_ip = 'nowhere.invalid'\n")
    (problem,) = problems_of(path=path)
    assert problem.startswith(
        f"announced_ip: got 'nowhere.invalid' (file {path}:2), which has no address here: "
    )


def test_contradictions() -> None:
    (problem,) = problems_of(flags={"announced_ip": "8.8.4.4"})
    assert problem.startswith(
        "announced_ip: got '8.8.4.4' (--announced-ip), but listen_ip is 127.0.0.1, where"
    )
    (problem,) = problems_of(flags={"listen_ip": "0.0.0.0"})
    assert problem.startswith("announced_ip: got None (default), expected an address browsers can reach")
    wide = {"listen_ip": "0.0.0.0,10.0.0.5", "announced_ip": "10.0.0.5"}
    (problem,) = problems_of(flags=wide)
    assert problem.startswith("listen_ip: got ('0.0.0.0', '10.0.0.5') (--listen-ip), expected 0.0.0.0 alone,")
    (problem,) = problems_of(flags={"workers": "57"})
    assert problem.startswith("workers: got 57 (--workers), expected at most 56: each owns 1000 of the ports")
    (problem,) = problems_of(flags={"rtc_max_port": "9999"})
    assert problem.startswith("rtc_max_port: got 9999 (--rtc-max-port), expected rtc_base_port 10000")
    (problem,) = problems_of(flags={"worker_ping_timeout_s": "1"})
    assert problem.startswith("worker_ping_timeout_s: got 1.0")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n\nport = 0.5", ":3"),
        ("  port=0.5", ":1"),
        ("# port = 1\nport\t= 0.5", ":2"),
        ("support = 1\nport = 0.5", ":2"),
        ("'port' = 0.5", ""),
        ("port.x = 1", ":1"),
        ("[port]\nx = 1", ":1"),
        ("host = 'localhost'\n[[port]]", ":2"),
    ],
)
def test_the_line_of_a_wrong_value_is_named(tmp_path: Path, text: str, line: str) -> None:
    path = written(tmp_path, text)
    assert problems_of(path=path)[-1].split(" (", 1)[1].startswith(f"file {path}{line})")


def test_a_private_key_needs_its_certificate() -> None:
    (problem,) = problems_of(flags={"tls_private_key": "/etc/key.pem"})
    assert problem.startswith("tls_certificate: got None (default), expected the file of the certificate")


def test_sources_are_read_again(tmp_path: Path) -> None:
    path = written(tmp_path, "port = 4001\n")
    loaded = load(path=path, environ={"MEDIAD_HOST": "localhost"})
    written(tmp_path, "port = 4002\n")
    again = loaded.sources.load()
    assert (again.settings.port, again.settings.host) == (4002, "localhost")


def test_codecs_come_as_tables_or_json(tmp_path: Path) -> None:
    path = written(tmp_path, '[[media_codecs]]\nkind = "audio"\nmimeType = "audio/opus"\nclockRate = 48000\n')
    codec = {"kind": "audio", "mimeType": "audio/opus", "clockRate": 48000}
    assert load(path=path).settings.media_codecs == (codec,)
    text = '[{"kind": "audio", "mimeType": "audio/opus", "clockRate": 48000}]'
    assert load(environ={"MEDIAD_MEDIA_CODECS": text}).settings.media_codecs == (codec,)


def test_every_key_is_documented_and_has_a_flag() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    text = parser.format_help()
    for name, key in KEYS.items():
        assert flag_name(name) in text
        assert len(key.doc) > 10
    assert set(vars(parser.parse_args([])).values()) == {None}


@given(
    st.dictionaries(st.sampled_from(sorted(KEYS)), st.text(max_size=30)),
    st.dictionaries(st.text(max_size=10).map(lambda name: f"MEDIAD_{name}"), st.text(max_size=10)),
)
def test_any_text_is_settings_or_a_config_error(flags: dict[str, str], environ: dict[str, str]) -> None:
    with contextlib.suppress(ConfigError):
        assert isinstance(load(environ=environ, flags=flags).settings, Settings)


def test_secrets_are_not_told(tmp_path: Path) -> None:
    path = written(tmp_path, "jwt_secrets = ['xyzzy']\n")
    for sources in (
        {"path": path},
        {"environ": {"JWT_SECRET": "xyzzy"}},
        {"flags": {"jwt_secrets": "xyzzy"}},
    ):
        (problem,) = problems_of(**sources)
        assert problem.startswith("jwt_secrets: got '(hidden)' (")
        assert "xyzzy" not in problem
    assert KEYS["jwt_secrets"].shown(None) is None
    assert KEYS["port"].shown(3000) == 3000


def test_a_file_with_secrets_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mediad.toml"
    path.write_text(f'jwt_secrets = "{"s" * 40}"\n')
    with open_folder(tmp_path):
        path.chmod(0o644)
        why = f"{path}: it holds jwt_secrets, and every user can read it: chmod 640 {path}"
        with pytest.raises(ConfigError) as caught:
            load(path=str(path))
        assert str(caught.value) == why
        path.chmod(0o640)
        assert load(path=str(path)).settings.jwt_secrets == ("s" * 40,)
        path.write_text("port = 3001\n")
        path.chmod(0o644)
        assert load(path=str(path)).settings.port == 3001, "nothing in it is a secret"
