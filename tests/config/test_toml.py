"""Mistakes in a settings file, and what a person reads of each."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from mediad.config.toml import Given, read
from mediad.errors import ConfigError

SECRET = "s3cret-s3cret-s3cret-s3cret-s3cret"


def problems(tmp_path: Path, text: str) -> list[str]:
    """Return the problems without the file's name before each."""
    path = tmp_path / "mediad.toml"
    path.write_text(text, encoding="utf-8")
    found = read(str(path)).problems
    assert all(problem.startswith(f"{path}:") for problem in found)
    return [problem.removeprefix(f"{path}:") for problem in found]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("host = 0.0.0.0", 'host = 0.0.0.0: text needs quotes; write: host = "0.0.0.0"'),
        ("listen_ip = 1.2.3.4 # here", 'text needs quotes; write: listen_ip = "1.2.3.4"'),
        ("log_level = debug", 'text needs quotes; write: log_level = "debug"'),
        ("workers = auto", 'text needs quotes; write: workers = "auto"'),
        ("tls_certificate = /etc/x.pem", 'text needs quotes; write: tls_certificate = "/etc/x.pem"'),
        ("cors_origins = https://a.example", 'write: cors_origins = "https://a.example"'),
        (
            "cors_origins = [https://a.example, https://b.example]",
            'each text in a list needs quotes; write: cors_origins = ["https://a.example", "https://b.example"]',
        ),
        ("port: 3000", "one = stands between key and value; write: port = 3000"),
        ("port 3000", "one = stands between key and value; write: port = 3000"),
        ("port == 3000", "one = stands between key and value; write: port = 3000"),
        ("\tport\t=\t3000,", "nothing stands behind the value; write: port = 3000"),
        ("port = 3000;", "nothing stands behind the value; write: port = 3000"),
        ('host = "::",', 'nothing stands behind the value; write: host = "::"'),
        ("port = 03000", "a number does not begin with 0; write: port = 3000"),
        ("shutdown_grace_s = 30s", "without a unit; write: shutdown_grace_s = 30"),
        (
            "udp_buffer_bytes = 4 MB",
            "without a unit; write: udp_buffer_bytes = VALUE, where VALUE is a whole",
        ),
        (
            "port = ",
            "the value is missing; write: port = VALUE, where VALUE is a whole number from 0 to 65535",
        ),
        (
            "log_level = # later",
            "the value is missing; write: log_level = VALUE, where VALUE is one of debug",
        ),
        ("port", "port: the value is missing"),
        ("host = = ", "host: the value is missing"),
        ("log_level = True", "no setting is true or false; write: log_level = VALUE, where VALUE is one of"),
        ('host = "::', 'the closing quote is missing; write: host = "::"'),
        ('log_level = info"', 'text needs quotes; write: log_level = "info"'),
        ("host = “0.0.0.0”", 'quotes are straight: "; write: host = "0.0.0.0"'),
        ("host = \u2018localhost\u2019", 'quotes are straight: "; write: host = "localhost"'),
        (
            'admin_socket = "/run/a\\d"',
            "a backslash stands in single quotes; write: admin_socket = '/run/a\\d'",
        ),
        ("export PORT=3000", "only key and value stand on a line; write: port = 3000"),
        ('port = 3000 host = "::"', "each setting has a line of its own"),
        ('host\u00a0= "::"', "there is an invisible character (U+00A0) in this line"),
        ("\x00", "there is an invisible character (U+0000) in this line"),
        ("// the port", "a comment begins with #"),
        ("; the port", "a comment begins with #"),
        ('{"port": 3000}', "this line is no setting"),
        ("[server", "[server: settings have no sections; remove this line"),
        ("nonsense = so it is", "nonsense: unknown setting, and text needs quotes"),
    ],
)
def test_a_line_that_is_no_toml(tmp_path: Path, line: str, words: str) -> None:
    (problem,) = problems(tmp_path, f"max_rooms = 1\n{line}\nmax_peers = 2\n")
    assert problem.startswith("2: ")
    assert words in problem


def test_a_key_that_is_given_twice(tmp_path: Path) -> None:
    text = 'max_rooms = 1\nhost = "::1"\nport = 4000\nhost = "::"\n'
    (problem,) = problems(tmp_path, text)
    assert problem in (
        "4: host: it is given on line 2 already; keep one of the two lines",
        "2: host: it is given on line 4 already; keep one of the two lines",
    )


def test_sections(tmp_path: Path) -> None:
    assert problems(tmp_path, "[server]\nport = 3000\n") == [
        "1: [server]: settings have no sections; remove this line, and keep those below it"
    ]
    assert problems(tmp_path, "\nserver.port = 3000\n") == [
        "2: server.port: settings have no sections; write port instead"
    ]
    given = read(str(tmp_path / "mediad.toml")).given
    assert given == (Given("port", 3000, None),)  # judged all the same


def test_settings_below_the_codecs(tmp_path: Path) -> None:
    codec = '[[media_codecs]]\nkind = "audio"\nmimeType = "audio/opus"\nclockRate = 48000\nchannels = 2\n'
    assert problems(tmp_path, f"port = 3000\n{codec}") == []
    assert problems(tmp_path, f"{codec}port = 3000\n") == [
        "6: port stands below [[media_codecs]] and belongs to that; move it above the first [[media_codecs]]"
    ]


def test_every_line_is_looked_at_and_what_is_right_is_kept(tmp_path: Path) -> None:
    text = "host = 0.0.0.0\nport = 4000\nworkers = auto\n"
    assert [problem[:2] for problem in problems(tmp_path, text)] == ["1:", "3:"]
    assert read(str(tmp_path / "mediad.toml")).given == (Given("port", 4000, 2),)


def test_a_list_without_an_end_is_one_mistake(tmp_path: Path) -> None:
    text = 'cors_origins = [\n  "https://a.example",\nport = 3000\nhost = "::"\n'
    (problem,) = problems(tmp_path, text)
    assert problem == "3: the list that begins on line 1 has no end; write ] behind its last value"


@pytest.mark.parametrize(
    "text",
    [
        f"jwt_secrets = {SECRET}",
        f'jwt_secrets = "{SECRET}',
        f'jwt_secrets = ["{SECRET}",',
        f'jwt_secrets = [\n"{SECRET}\n]',
        f'jwt_secrets = "{SECRET}"\njwt_secrets = "{SECRET}"',
        f"webhook_url = https://me:{SECRET}@app.example/",
        f"jwt_secret: {SECRET}",
        f'[auth]\njwt_secrets = "{SECRET}"',
        f'auth.jwt_secrets = "{SECRET}"',
    ],
)
def test_no_secret_is_repeated(tmp_path: Path, text: str) -> None:
    found = problems(tmp_path, text)
    assert found
    assert SECRET not in "\n".join(found)


def test_files_of_other_editors(tmp_path: Path) -> None:
    path = tmp_path / "mediad.toml"
    path.write_bytes(codecs.BOM_UTF8 + b"port = 3000\r\n")
    assert read(str(path)).given == (Given("port", 3000, 1),)
    path.write_bytes("port = 3000\n".encode("utf-16"))
    with pytest.raises(ConfigError, match="not text in UTF-8; save it as UTF-8"):
        read(str(path))
