"""Reloading the real daemon: under its peers' calls, with files that are wrong, by signal and by mediactl."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from mediad.ctl import client as mediactl_client
from mediad.ctl.exits import CtlExit
from mediad.exit_codes import ExitCode
from tests.support.certificates import write_certificate
from tests.support.daemon import clean_environment
from tests.support.daemons import MEDIAD, ROOT, TINY_DAEMON, Daemon, running
from tests.support.loops import until_sync
from tests.support.manager import listening_manager
from tests.support.ports import free_media_ports
from tests.support.protoo_client import ProtooClient
from tests.support.webrtc_client import WebRtcClient, until


class Node:
    """A daemon with a settings file and an admin socket in `folder`."""

    def __init__(self, daemon: Daemon, folder: Path, head: str) -> None:
        self.daemon = daemon
        self._folder = folder
        self._head = head

    @property
    def file(self) -> Path:
        return self._folder / "mediad.toml"

    def write(self, text: str) -> None:
        self.file.write_text(self._head + text)

    def mediactl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mediad.ctl.main", *arguments],
            cwd=ROOT,
            env={**clean_environment(), "RUNTIME_DIRECTORY": str(self._folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    def setting(self, key: str) -> dict[str, Any]:
        shown = self.mediactl("config", "show", "--json")
        assert shown.returncode == CtlExit.OK, shown.stderr
        return next(one for one in json.loads(shown.stdout)["settings"] if one["key"] == key)


@contextlib.contextmanager
def node(
    folder: Path, text: str = "", *, media: bool = False, environ: dict[str, str] | None = None
) -> Iterator[Node]:
    """Start a node with real workers where there is media, and with tiny ones where not."""
    head = f"workers = 1\nrtc_base_port = {free_media_ports(1)}\n" if media else "workers = 1\n"
    file = folder / "mediad.toml"
    file.write_text(head + text)
    given = {"RUNTIME_DIRECTORY": str(folder), **(environ or {})}
    command = MEDIAD if media else TINY_DAEMON
    with running("--config", str(file), command=command, environ=given) as daemon:
        daemon.wait_ready()
        yield Node(daemon, folder, head)


def ws_url(node: Node, peer_id: str) -> str:
    assert node.daemon.url is not None
    return node.daemon.url.replace("http", "ws") + f"?roomId=room&peerId={peer_id}"


def join(node: Node, peer_id: str) -> Coroutine[Any, Any, WebRtcClient]:
    return WebRtcClient.join(ws_url(node, peer_id), peer_id)


async def told_address(node: Node, peer_id: str) -> str:
    """Return the address that a new client is told to send media to; no other may join meanwhile."""

    async def accept(method: str, data: dict[str, Any]) -> dict[str, Any]:
        return {}

    client = await ProtooClient.open(ws_url(node, peer_id), accept, lambda method, data: None)
    try:
        with pytest.raises(InvalidStatus, match="503"):
            await ProtooClient.open(ws_url(node, "dora"), accept, lambda method, data: None)
        transport = await client.request(
            "createWebRtcTransport", {"forceTcp": False, "producing": True, "consuming": False}
        )
        return str(transport["iceCandidates"][0]["address"])
    finally:
        await client.close()


def test_a_call_goes_on_through_reloads_right_and_wrong(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        async with await join(node, "ana") as ana, await join(node, "ben") as ben:
            shown = await ben.received(await ana.produce_video(200))
            await until(lambda: shown.meter.frames > 5, "video")
            before = ana.ice_candidates[0]["address"]
            for text, status in (
                ('announced_ip = "127.0.0.2"\nlog_level = "debug"\nmax_peers_per_room = 3\n', CtlExit.OK),
                ("announced_ip = 7\n", CtlExit.REFUSED),
                ("announced_ip = ", CtlExit.REFUSED),
            ):
                node.write(text)
                done = await asyncio.to_thread(node.mediactl, "reload")
                assert done.returncode == status, done.stderr
                frames = shown.meter.frames
                await until(lambda: shown.meter.frames > frames + 5, "video after a reload")
            assert (before, await told_address(node, "cleo")) == ("127.0.0.1", "127.0.0.2")
            assert (ana.errors, ben.errors) == ([], [])

    with node(tmp_path, media=True) as running_node:
        asyncio.run(asyncio.wait_for(scenario(running_node), 90))


def test_a_wrong_file_keeps_the_old_settings_and_says_why(tmp_path: Path) -> None:
    with node(tmp_path, "max_rooms = 3\n") as running_node:
        running_node.write("max_rooms = 4\nlog_level = 'loud'\nmax_roms = 1\n")
        refused = running_node.mediactl("reload")
        assert refused.returncode == CtlExit.REFUSED
        file = running_node.file
        assert refused.stderr.splitlines() == [
            f"mediactl: log_level: got 'loud' (file {file}:3), "
            "expected one of debug, info, warning, error, none",
            f"max_roms: unknown setting (file {file}:4), did you mean max_rooms?",
        ]
        assert running_node.setting("max_rooms")["value"] == 3
        until_sync(lambda: "error   not reloaded: log_level: got 'loud'" in running_node.daemon.log)
        assert running_node.daemon.get("health")[0] == 200
        running_node.write("max_rooms = 4\n")
        accepted = running_node.mediactl("reload")
        assert (accepted.returncode, accepted.stdout) == (CtlExit.OK, "max_rooms: 3 → 4\n")
        assert running_node.setting("max_rooms")["origin"] == f"file {file}:2"


def test_a_level_set_by_hand_reaches_the_log_until_the_next_reload(tmp_path: Path) -> None:
    with node(tmp_path) as running_node:
        assert running_node.mediactl("log-level").stdout == "info (default)\n"
        assert running_node.mediactl("log-level", "error").stdout == "error (mediactl)\n"
        running_node.write("max_rooms = 4\n")
        assert running_node.mediactl("reload").stdout == "max_rooms: 0 → 4\nlog_level: error → info\n"
        assert running_node.mediactl("log-level", "loud").returncode == CtlExit.USAGE


def test_hangup_reloads_and_systemd_hears_of_it(tmp_path: Path) -> None:
    with (
        listening_manager(tmp_path) as systemd,
        node(tmp_path, environ={"NOTIFY_SOCKET": systemd.address}) as running_node,
    ):
        systemd.wait_for("READY")
        running_node.write("max_rooms = 5\n")
        running_node.daemon.process.send_signal(signal.SIGHUP)
        assert int(systemd.wait_for("RELOADING")["MONOTONIC_USEC"]) > 0
        assert systemd.wait_for("READY")["STATUS"] == "0 rooms, 0 peers, 1 of 1 worker ready"
        assert running_node.setting("max_rooms")["value"] == 5
        running_node.write("nonsense = 1\n")
        running_node.daemon.process.send_signal(signal.SIGHUP)
        systemd.wait_for("RELOADING")
        assert "; not reloaded: nonsense: unknown setting" in systemd.wait_for("READY")["STATUS"]
        assert running_node.setting("max_rooms")["value"] == 5


def shown_certificate(daemon: Daemon) -> x509.Certificate:
    assert daemon.url is not None
    port = int(daemon.url.rstrip("/").rpartition(":")[2])
    return x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port)).encode())


def test_the_front_speaks_tls_and_takes_up_a_renewed_certificate(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    with node(tmp_path, f'tls_certificate = "{certificate}"\ntls_private_key = "{key}"\n') as running_node:
        daemon = running_node.daemon
        assert daemon.url is not None
        assert daemon.url.startswith("https://")
        first = shown_certificate(daemon)
        Path(key).write_text("half written")
        refused = running_node.mediactl("reload")
        assert (refused.returncode, "tls_private_key: got" in refused.stderr) == (CtlExit.REFUSED, True)
        assert shown_certificate(daemon) == first
        write_certificate(tmp_path, days=10)
        assert running_node.mediactl("reload").stdout.startswith("new TLS certificate, valid until")
        assert shown_certificate(daemon) != first
        until_sync(lambda: "the TLS certificate expires in 9 days" in daemon.log)


def test_a_signaling_connection_outlives_its_certificate(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    trust = ssl.create_default_context(cafile=certificate)
    with node(tmp_path, f'tls_certificate = "{certificate}"\ntls_private_key = "{key}"\n') as running_node:
        assert running_node.daemon.url is not None
        url = running_node.daemon.url.replace("https://127.0.0.1", "wss://localhost")
        with connect(
            f"{url}?roomId=room&peerId=ana",
            subprotocols=[Subprotocol("protoo")],
            ssl=trust,
        ) as connection:
            connection.recv(timeout=10)
            write_certificate(tmp_path)
            assert running_node.mediactl("reload").returncode == CtlExit.OK
            connection.send('{"request":true,"id":1,"method":"getRouterRtpCapabilities","data":{}}')
            assert json.loads(connection.recv(timeout=10))["ok"]


@pytest.mark.parametrize("wrong", ["tls_certificate", "tls_private_key"])
def test_a_certificate_that_does_not_serve_is_a_wrong_setting(wrong: str, tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    files = {"tls_certificate": certificate, "tls_private_key": key, wrong: "/nowhere.pem"}
    flags = [text for name, path in files.items() for text in (f"--{name.replace('_', '-')}", path)]
    for more in ([], ["--check-config"]):
        with running(*flags, *more) as daemon:
            assert daemon.wait_exit() == ExitCode.CONFIG
            assert daemon.lines[-1].startswith(
                f"mediad: {wrong}: got '/nowhere.pem', expected a file mediad may"
            )


def status_of_join(node: Node, token: str) -> int:
    try:
        with connect(f"{ws_url(node, 'ana')}&token={token}", subprotocols=[Subprotocol("protoo")]):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_token_secrets_are_exchanged_without_a_restart(tmp_path: Path) -> None:
    old, new = "o" * 32, "n" * 32
    tokens = [jwt.encode({"peerId": "ana", "exp": int(time.time()) + 3600}, secret) for secret in (old, new)]
    with node(tmp_path, f"jwt_secrets = '{old}'\n") as running_node:
        for text, outcome in (
            (None, [101, 401]),
            (f"jwt_secrets = ['{new}', '{old}']\n", [101, 101]),
            (f"jwt_secrets = '{new}'\n", [401, 101]),
            ("jwt_secrets = 'short'\n", [401, 101]),
        ):
            if text is not None:
                running_node.write(text)
                running_node.mediactl("reload")
            assert [status_of_join(running_node, token) for token in tokens] == outcome
        shown = running_node.mediactl("config", "show").stdout + running_node.daemon.log
        assert "(hidden)" in shown
        assert not any(secret in shown for secret in (old, new, "short"))


def test_a_hundred_reloads_cost_nothing_that_stays(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    tls = f'tls_certificate = "{certificate}"\ntls_private_key = "{key}"\n'
    with node(tmp_path, tls) as running_node:
        pid = running_node.daemon.process.pid
        client = mediactl_client.connect([str(tmp_path / "mediad.sock")])
        try:
            client.call("reload", {})
            fds = len(os.listdir(f"/proc/{pid}/fd"))
            for index in range(100):
                running_node.write(f"{tls}max_rooms = {index % 2}\nlog_level = 'warning'\n")
                client.call("reload", {})
            assert len(os.listdir(f"/proc/{pid}/fd")) == fds
        finally:
            client.close()
        assert running_node.setting("max_rooms")["value"] == 1
