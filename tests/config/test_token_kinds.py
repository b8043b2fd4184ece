"""Kinds of settings of tokens."""

from __future__ import annotations

import pytest

from mediad.config.kinds import Kind
from mediad.config.token_kinds import KeysSource, Words


def is_refused(kind: Kind, value: object) -> bool:
    try:
        kind.check(value)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(
    "value",
    [
        "/etc/jwks.json",
        "https://a.example/jwks?x=1",
        "http://127.0.0.1:3000/k",
        "http://localhost/k",
        "http://[::1]/k",
    ],
)
def test_where_keys_may_come_from(value: str) -> None:
    assert KeysSource().check(value) == KeysSource().from_text(f" {value} ") == value


@pytest.mark.parametrize(
    "value",
    [
        *("jwks.json", "http://a.example/jwks", "ftp://a.example/", "https://", "https://u:p@a.example/k"),
        *("https://u@a.example/k", "http://127.0.0.1.example/k", "https://a.example/k#f", "", 7, None),
    ],
)
def test_where_keys_may_not_come_from(value: object) -> None:
    assert is_refused(KeysSource(), value)


def test_what_is_shown_of_a_source() -> None:
    assert KeysSource().shown("/etc/jwks.json") == "/etc/jwks.json"
    assert KeysSource().shown("https://a.example/jwks?key=pa55word") == "https://a.example/(hidden)"
    assert "pa55word" not in str(KeysSource().shown("https://ana:pa55word@a.example/"))
    assert KeysSource().shown(None) is None


def test_words() -> None:
    assert Words().from_text("a, b") == ("a", "b")
    assert Words().check("a b") == ("a b",)
    for wrong in ([], [""], ["a", "a"], ["x" * 257], 7, None):
        assert is_refused(Words(), wrong)
