"""A daemon that shall write no address of a client: what they do and fail to do leaves none behind."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.support.daemons import MEDIAD, ROOT, Daemon, running
from tests.support.loops import until_sync
from tests.support.ports import free_media_ports

CLIENT = "127.0.0.77"
"""An address of this machine that is none of the daemon's."""


def mediactl(daemon: Daemon, *arguments: str) -> str:
    command = (sys.executable, "-m", "mediad.ctl.main", "--admin-socket", daemon.admin_socket, *arguments)
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def from_client(daemon: Daemon) -> socket.socket:
    assert daemon.url is not None
    port = int(daemon.url.rstrip("/").rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), 5, source_address=(CLIENT, 0))


def visit(daemon: Daemon, query: str, *requests: str) -> None:
    """Connect a WebSocket, send texts, and leave."""
    assert daemon.url is not None
    url = daemon.url.replace("http", "ws") + query
    try:
        with connect(url, sock=from_client(daemon), subprotocols=["protoo"], proxy=None) as websocket:  # type: ignore[list-item]
            for request in requests:
                websocket.send(request)
                websocket.recv(timeout=5)
    except Exception:  # refused, as some are meant to be
        return


def trouble(daemon: Daemon, media_port: int) -> None:
    """Come, go, fail and attack."""
    capabilities = {"id": 1, "request": True, "method": "getRouterRtpCapabilities", "data": {}}
    transport = {
        "id": 2,
        "request": True,
        "method": "createWebRtcTransport",
        "data": {"producing": True, "consuming": False, "forceTcp": False},
    }
    person = {"displayName": "Ana", "device": {}, "rtpCapabilities": {"codecs": []}}
    join = {"id": 3, "request": True, "method": "join", "data": person}
    unknown = {"id": 4, "request": True, "method": "no"}
    texts = [json.dumps(text) for text in (capabilities, transport, join, unknown)]
    visit(daemon, "?roomId=room&peerId=ana", *texts)
    visit(daemon, "?roomId=room&peerId=ana", *texts, "this is no JSON")
    visit(daemon, "?peerId=ana")
    visit(daemon, "socket.io/?EIO=9")
    for raw in (b"\x16\x03\x01 junk\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", b""):
        with from_client(daemon) as sock:
            sock.sendall(raw)
            sock.settimeout(2)
            with contextlib.suppress(OSError):
                sock.recv(1000)
    for path in ("/health", "/no/such/page", "/rooms/x/broadcasters"):
        answer = http.client.HTTPConnection("127.0.0.1")
        answer.sock = from_client(daemon)
        answer.request("POST" if "rooms" in path else "GET", path, body="{}")
        answer.getresponse().read()
        answer.close()
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind((CLIENT, 0))
        for data in (bytes(20), b"\x16\xfe\xff" + bytes(30), b"\x80\x60" + bytes(40)):
            udp.sendto(data, ("127.0.0.1", media_port))


@pytest.mark.parametrize(("how", "found"), [("none", False), ("full", True)])
def test_no_address_of_a_client_is_written(tmp_path: Path, how: str, found: bool) -> None:
    port = free_media_ports(1)
    options = ("--workers", "1", "--rtc-base-port", str(port), "--log-level", "debug", "--log-addresses", how)
    with running(*options, command=MEDIAD, environ={"RUNTIME_DIRECTORY": str(tmp_path)}) as daemon:
        daemon.wait_ready()
        trouble(daemon, port)
        until_sync(lambda: "room closed" in daemon.log, 20)
        told = mediactl(daemon, "events", "--since", "0", "--json")
        assert "peer.joined" in told
        daemon.process.terminate()
        daemon.wait_exit()
        assert (CLIENT in daemon.log) is found, [line for line in daemon.log.splitlines() if CLIENT in line]
        if not found:
            assert CLIENT not in told
            assert "(hidden)" in daemon.log
        assert "127.0.0.1" in daemon.log  # its own
