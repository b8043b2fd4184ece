"""The admin socket: who gets in, what is left behind, and that no client can hurt the daemon."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mediad.errors import ConfigError, InvalidState, PortError
from mediad.protocols.envelope import Decoder, Event, Message, Request, Response, encode
from mediad.supervisor.admin import server as admin
from mediad.supervisor.admin.server import AdminServer, open_admin_socket
from tests.support.loops import on_loop


async def handle(method: str, data: dict[str, Any]) -> dict[str, Any]:
    match method:
        case "refuse":
            raise InvalidState("not now")
        case "bug":
            raise ValueError("deep inside")
        case "huge":
            return {"blob": "x" * 5_000_000}
    return {"method": method, **data}


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.decoder = reader, writer, Decoder()

    async def hear(self) -> Message | None:
        """The next message; None when the server hung up."""
        while data := await self.reader.read(65536):
            for message in self.decoder.feed(data):
                return message
        return None

    async def ask(self, method: str, **data: Any) -> Message | None:
        self.writer.write(encode(Request(1, method, data)))
        return await self.hear()


@asynccontextmanager
async def serving(path: str) -> AsyncIterator[None]:
    server = AdminServer(open_admin_socket(path), handle)
    await server.start()
    try:
        yield
    finally:
        await server.stop()


@asynccontextmanager
async def client(path: str) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


@on_loop
async def test_answers_and_errors(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    async with serving(path), client(path) as one, client(path) as other:
        assert await one.ask("status", n=1) == Response(1, True, {"method": "status", "n": 1})
        assert await other.ask("refuse") == Response(1, False, {"code": "state", "reason": "not now"})
        bug = await one.ask("bug")
        assert bug == Response(1, False, {"code": "error", "reason": "internal error: ValueError"})
        huge = await one.ask("huge")
        assert isinstance(huge, Response)
        assert huge.data["code"] == "envelope"
        assert await one.ask("status") is not None


@pytest.mark.parametrize("nonsense", [b"GET / HTTP/1.1\r\n\r\n", encode(Event("x", {}))])
@on_loop
async def test_nonsense_costs_its_connection_only(tmp_path: Path, nonsense: bytes) -> None:
    path = str(tmp_path / "s")
    async with serving(path), client(path) as good, client(path) as bad:
        bad.writer.write(nonsense)
        assert await bad.hear() is None
        assert await good.ask("status") is not None


@on_loop
async def test_the_socket_is_for_its_owner_and_goes_away(tmp_path: Path) -> None:
    path = str(tmp_path / "deep" / "er" / "s")
    async with serving(path):
        assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path / "deep" / "er") == []


@on_loop
async def test_stopping_hangs_up(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    async with serving(path):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(encode(Request(1, "status", {})))
        await reader.read(1)
    while await reader.read(65536):
        pass
    writer.close()


@on_loop
async def test_clients_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "MAX_CLIENTS", 1)
    path = str(tmp_path / "s")
    async with serving(path), client(path) as first:
        assert await first.ask("status") is not None
        async with client(path) as second:
            assert await second.hear() is None
        assert await first.ask("status") is not None


@pytest.mark.parametrize(("uid", "welcome"), [(0, True), (os.geteuid(), True), (os.geteuid() + 4321, False)])
def test_who_is_welcome(uid: int, welcome: bool) -> None:
    class Socket:
        def getsockopt(self, level: int, option: int, size: int) -> bytes:
            assert (level, option) == (socket.SOL_SOCKET, socket.SO_PEERCRED)
            return struct.pack("3i", 77, uid, 88)

    class Writer:
        def get_extra_info(self, name: str) -> Socket:
            return Socket()

    assert admin._allowed(Writer(), None) is welcome  # type: ignore[arg-type]


def test_what_a_dead_daemon_left_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    open_admin_socket(path).close()
    assert os.path.lexists(path)
    open_admin_socket(path).close()


def test_a_living_daemon_keeps_its_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with open_admin_socket(path):
        with pytest.raises(PortError, match="belongs to another mediad that is running"):
            open_admin_socket(path)
        with socket.socket(socket.AF_UNIX) as still:
            still.connect(path)


def test_a_file_in_its_place_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(PortError, match="something else is in its place"):
        open_admin_socket(str(path))
    assert path.read_text() == "precious"


def test_a_folder_that_cannot_be_made() -> None:
    with pytest.raises(PortError, match=r"admin socket /proc/none/s cannot be opened: No such file"):
        open_admin_socket("/proc/none/s")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become others")
@pytest.mark.parametrize(
    ("groups", "served"),
    [([4242], True), ([7, 4242], True), ([7], False)],
    ids=["primary", "further", "stranger"],
)
def test_members_of_the_group_are_served(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, groups: list[int], served: bool
) -> None:
    path = str(tmp_path / "mediad.sock")
    for above in (tmp_path, *tmp_path.parents):
        above.chmod(above.stat().st_mode | 0o001)
    program = (
        f"import socket\nsock = socket.socket(socket.AF_UNIX)\nsock.connect({path!r})\n"
        f"sock.sendall({encode(Request(1, 'echo', {}))!r})\nprint(len(sock.recv(100)))"
    )

    async def scenario() -> bytes:
        server = AdminServer(open_admin_socket(path, 4242), handle, 4242)
        await server.start()
        assert (os.stat(path).st_gid, os.stat(path).st_mode & 0o777) == (4242, 0o660)
        os.chmod(path, 0o666)  # by mistake: what counts is who connects
        asked = await asyncio.create_subprocess_exec(
            *("/usr/bin/python3", "-c", program),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            user=4243,
            group=groups[0],
            extra_groups=groups[1:],
        )
        out, _ = await asked.communicate()
        await server.stop()
        return out.strip()

    told = asyncio.run(scenario())
    assert (told not in (b"", b"0")) is served
    assert ("user id 4243 was refused" in caplog.text) is not served


@pytest.mark.skipif(os.geteuid() == 0, reason="root may give files to any group")
def test_a_group_that_mediad_is_no_member_of(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SupplementaryGroups="):
        open_admin_socket(str(tmp_path / "mediad.sock"), 4242)
