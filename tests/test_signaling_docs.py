"""The samples of docs/signaling.md are what the server accepts and sends."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from mediad.signaling.dialects import demo_b
from mediad.signaling.dialects.demo_a import METHODS
from mediad.signaling.dialects.dialect import Method
from mediad.signaling.protoo import messages
from tests.support.imports import ROOT

GUIDE = (ROOT / "docs" / "signaling.md").read_text()
SAMPLES = [(who, json.loads(text)) for who, text in re.findall(r"```json (\w+)\n(.*?)```", GUIDE, re.DOTALL)]
DIALECTS = ROOT / "mediad" / "signaling" / "dialects"


def section(title: str) -> str:
    return GUIDE.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(("who", "frame"), SAMPLES)
def test_each_sample_is_a_frame(who: str, frame: dict[str, Any]) -> None:
    """A client's sample fits the schema of its request, and no other schema if a member is missing."""
    message = messages.parse(json.dumps(frame))
    if isinstance(message, messages.Request) and who == "client":
        schema = METHODS[message.method].schema
        msgspec.convert(message.data, schema)
        known = {field.encode_name for field in msgspec.structs.fields(schema)}
        assert set(message.data) <= known
    assert isinstance(message, messages.Request | messages.Response) or who == "server"


def test_there_are_samples_of_all_kinds() -> None:
    kinds = {(who, type(messages.parse(json.dumps(frame))).__name__) for who, frame in SAMPLES}
    expected = {("client", "Request"), ("client", "Response"), ("server", "Request"), ("server", "Response")}
    assert kinds == expected | {("server", "Notification")}


def test_every_request_is_in_the_table_with_its_data() -> None:
    check_table(section("Requests"), METHODS)


def test_every_request_that_dialect_b_spells_in_another_way_is_in_its_table() -> None:
    others = {
        name: method
        for name, method in demo_b.METHODS.items()
        if name not in METHODS or METHODS[name].handler is not method.handler
    }
    assert len(others) > 8
    check_table(section("Dialect B").split("\n### ")[1], others)


def test_every_notification_of_clients_is_named() -> None:
    told = section("Dialect B").split("\n### ")[2]
    assert set(re.findall(r"`(\w+)`", told)) == set(demo_b.NOTIFICATIONS)


def check_table(text: str, methods: dict[str, Method]) -> None:
    """Check that a table tells of these requests and of all their data, and of no others."""
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    told = {name: row for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert set(told) == set(methods)
    for name, method in methods.items():
        for field in msgspec.structs.fields(method.schema):
            assert f"`{field.encode_name}`" in told[name], (name, field.encode_name)
        optional = [f.encode_name for f in msgspec.structs.fields(method.schema) if not f.required]
        for field_name in optional:
            assert f"`{field_name}`?" in told[name], (name, field_name)


def test_every_notification_is_in_the_table() -> None:
    sent = notifications("demo_a.py", "demo_listener.py")
    assert len(sent) > 8
    assert first_column(section("Notifications")) == sent
    assert first_column(section("Dialect B").split("\n### ")[3]) == notifications("demo_b.py")


def notifications(*files: str) -> set[str]:
    """Return the names of all notifications that the code in these files sends."""
    texts = [(DIALECTS / name).read_text() for name in files]
    return {name for text in texts for name in re.findall(r'\.notify\("([\w-]+)"', text)}


def first_column(text: str) -> set[str]:
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([\w-]+)`", row.split("|")[1])}


def test_what_is_missing_is_said() -> None:
    missing = section("What is not there")
    assert all(word in missing for word in ("TURN", "TLS"))
