"""The tables of docs/socketio.md are what the server accepts and sends."""

from __future__ import annotations

import re

import msgspec

from mediad.signaling.dialects import learning_demo, meetlite, meetlite_schemas
from mediad.signaling.dialects.dialect import Data
from tests.support.imports import ROOT

GUIDE = (ROOT / "docs" / "socketio.md").read_text()
DIALECTS = ROOT / "mediad" / "signaling" / "dialects"


def rows(title: str, head: str) -> dict[str, str]:
    """Return the rows of the table in this section whose first line begins with `head`, by event."""
    section = GUIDE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    table = section.split(f"| {head} |")[1].split("\n\n")[0]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    return {name: line for line in lines for name in re.findall(r"`([\w-]+)`", line.split("|")[1])}


def check(told: dict[str, str], schemas: dict[str, type[Data]]) -> None:
    assert told.keys() == schemas.keys()
    for name, schema in schemas.items():
        fields = {field.encode_name for field in msgspec.structs.fields(schema)}
        data = re.search(r"\{([\w, ]*)\}", told[name].split("|")[2])
        assert set(data.group(1).split(", ") if data else ()) == fields, name


def test_events_of_the_learning_demo() -> None:
    schemas = {name: method.schema for name, method in learning_demo.METHODS.items()}
    check(rows("The learning demo", "event"), schemas)


def test_events_of_meetlite_and_their_answers() -> None:
    schemas = {name: method.schema for name, method in meetlite.METHODS.items()}
    told = rows("MeetLite", "the client sends")
    check(told, {"join-room": meetlite_schemas.JoinRoom, **schemas})
    for name, answer in meetlite.ANSWERS.items():
        assert f"`{answer} {{" in told[name].split("|")[3]
    silent = schemas.keys() - meetlite.ANSWERS.keys()
    assert all("`" not in told[name].split("|")[3].replace("`recv`", "") for name in silent)


def test_events_that_meetlite_is_sent() -> None:
    source = (DIALECTS / "meetlite_listener.py").read_text() + (DIALECTS / "meetlite.py").read_text()
    sent = set(re.findall(r'\.notify\("([\w-]+)"', source))
    assert rows("MeetLite", "the server sends").keys() == sent
