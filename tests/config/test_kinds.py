"""Each kind of setting: what it takes, what it refuses, and that text and file agree."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.config.kinds import (
    AnnouncedHosts,
    Choice,
    Codecs,
    Host,
    HttpUrl,
    IpAddresses,
    Kind,
    Networks,
    Number,
    Origins,
    RoomSpread,
    Secret,
    Secrets,
    SocketPath,
    Whole,
    Workers,
)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Whole(0, 9), "0", 0),
        (Whole(0, 9), " 9 ", 9),
        (Whole(10, 60, or_zero=True), "0", 0),
        (Number(0, 5), "2.5", 2.5),
        (Number(0, 5), "5", 5.0),
        (Workers(), "auto", None),
        (Workers(), "AUTO", None),
        (Workers(), "12", 12),
        (RoomSpread(), " Off ", "off"),
        (RoomSpread(), "auto", "auto"),
        (RoomSpread(), "2", 2),
        (Choice("text", "json"), "JSON", "json"),
        (Choice("warning", synonyms={"warn": "warning"}), "Warn", "warning"),
        (IpAddresses(), "::1", ("::1",)),
        (IpAddresses(), "2001:DB8:0::1, 10.0.0.5", ("2001:db8::1", "10.0.0.5")),
        (IpAddresses(), "::ffff:10.0.0.5", ("10.0.0.5",)),
        (AnnouncedHosts(), "sfu.example,::ffff:203.0.113.7", ("sfu.example", "203.0.113.7")),
        (AnnouncedHosts(), "10.0.0.5=203.0.113.7", ("10.0.0.5=203.0.113.7",)),
        (AnnouncedHosts(), "::FFFF:10.0.0.5 = sfu.example, ::1", ("10.0.0.5=sfu.example", "::1")),
        (Networks(), "10.0.0.0/8, FD00::/8,192.0.2.1", ("10.0.0.0/8", "fd00::/8", "192.0.2.1/32")),
        (Networks(), "", ()),
        (Host(), "::ffff:10.1.2.3", "10.1.2.3"),
        (Host(), "localhost", "localhost"),
        (Host(), "10.1.2.3", "10.1.2.3"),
        (Host(), "sfu-1.example.org.", "sfu-1.example.org."),
        (SocketPath(), "/run/x.sock", "/run/x.sock"),
        (HttpUrl(), "https://app.example.com:8443/hook?a=b", "https://app.example.com:8443/hook?a=b"),
        (HttpUrl(), "http://[::1]/", "http://[::1]/"),
        (Codecs(), '[{"mimeType": "video/VP8"}]', ({"mimeType": "video/VP8"},)),
    ],
)
def test_accepted_text(kind: Kind, text: str, value: object) -> None:
    assert kind.from_text(text) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Whole(0, 9), 10),
        (Whole(0, 9), True),
        (Whole(10, 60, or_zero=True), 9),
        (Number(0, 5), float("nan")),
        (Number(0, 5), float("inf")),
        (Number(0, 5), "1"),
        (Workers(), 257),
        (RoomSpread(), 1),
        (RoomSpread(), 65),
        (RoomSpread(), "many"),
        (RoomSpread(), True),
        (Workers(), None),
        (Choice("text", "json"), "xml"),
        (IpAddresses(), 3),
        (IpAddresses(), []),
        (IpAddresses(), ["10.0.0.5", "::ffff:10.0.0.5"]),
        (IpAddresses(), [f"10.0.0.{n}" for n in range(9)]),
        (AnnouncedHosts(), "fe80::1%eth0"),
        (AnnouncedHosts(), "lan=10.0.0.5"),
        (AnnouncedHosts(), "=10.0.0.5"),
        (AnnouncedHosts(), ["10.0.0.5="]),
        (IpAddresses(), "1.2.3"),
        (Networks(), "10.0.0.5/8"),
        (Networks(), "10.0.0.0/33"),
        (Networks(), "lan"),
        (Networks(), ""),
        (Networks(), [10]),
        (Networks(), ["10.0.0.0/8", "10.0.0.0/255.0.0.0"]),
        (Networks(), [f"10.0.{n}.0/24" for n in range(33)]),
        (Host(), "1.2.3"),
        (Host(), "a..b"),
        (Host(), "a" * 254),
        (Host(), "under_score"),
        (SocketPath(), "/nul\0"),
        (HttpUrl(), "ftp://app.example.com/"),
        (HttpUrl(), "https:///hook"),
        (HttpUrl(), "https://a:99999/"),
        (HttpUrl(), "https://a/b c"),
        (HttpUrl(), "https://a/#part"),
        (HttpUrl(), "app.example.com"),
        (HttpUrl(), 7),
        (Codecs(), {}),
    ],
)
def test_refused_values(kind: Kind, value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the caller words the message from `expected`
        kind.check(value)


@given(st.integers())
def test_whole_numbers_read_as_written(value: int) -> None:
    kind = Whole(-1000, 1000)
    if -1000 <= value <= 1000:
        assert kind.from_text(str(value)) == kind.check(value) == value
    else:
        with pytest.raises(ValueError):  # noqa: PT011
            kind.from_text(str(value))


@given(st.floats(0, 300))
def test_numbers_read_as_written(value: float) -> None:
    assert Number(0, 300).from_text(repr(value)) == value


def is_refused(kind: Kind, value: object) -> bool:
    try:
        kind.check(value)
    except ValueError:
        return True
    return False


def test_secrets() -> None:
    one, two = "a" * 32, "[b" * 16
    assert Secrets().from_text(one) == Secrets().check(one) == (one,)
    assert Secrets().from_text(json.dumps([one, two])) == Secrets().check([one, two]) == (one, two)
    for wrong in ("short", [], [one, "short"], [one, 3], 32, True, None):
        assert is_refused(Secrets(), wrong), wrong


def test_one_secret() -> None:
    assert Secret().from_text("8 chars.") == Secret().check("8 chars.") == "8 chars."
    for wrong in ("", "7 chars", ["8 chars."], 12345678, None):
        assert is_refused(Secret(), wrong), wrong


def test_origins() -> None:
    assert Origins().from_text("https://App.example.com/, http://localhost:3000") == (
        "https://app.example.com",
        "http://localhost:3000",
    )
    assert Origins().check("*") == ("*",)
    assert Origins().check(["https://[::1]:8443"]) == ("https://[::1]:8443",)
    for wrong in ("", "app.example.com", "https://a/b", "https://*.example", "ftp://a", [], ["*", 3], 3):
        assert is_refused(Origins(), wrong), wrong


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://app.example.com", "https://app.example.com"),
        ("https://app.example.com:8443/", "https://app.example.com:8443"),
        ("https://ana:pa55word@app.example.com/events", "https://app.example.com/(hidden)"),
        ("https://pa55word@app.example.com", "https://app.example.com/(hidden)"),
        ("https://app.example.com?key=pa55word", "https://app.example.com/(hidden)"),
        ("https://hooks.example.com/services/T0/pa55word", "https://hooks.example.com/(hidden)"),
        ("htps://ana:pa55word@app.example.com", "(hidden)"),
        ("https://[ana:pa55word@app.example.com", "(hidden)"),
        ("ana:pa55word@app.example.com", "(hidden)"),
        ("app.example.com/hooks/pa55word", "(hidden)"),
        ("app.example.com", "app.example.com"),
        (7, 7),
        (None, None),
    ],
)
def test_urls_are_shown_without_what_gives_access(url: object, shown: object) -> None:
    assert HttpUrl().shown(url) == shown
