"""Facts about the guard of a daemon, from a folder like /proc, real files and a real front."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mediad.config.settings import Settings
from mediad.ctl.doctor.exposure import look
from mediad.ctl.doctor.facts import Exposure, FileFacts, ProcessFacts

STATUS = "Name:\tpython3\nUid:\t0\t61000\t0\t0\nCapEff:\t0000000000000400\nNoNewPrivs:\t1\nSeccomp:\t2\n"


@pytest.fixture
def front() -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response({"/metrics": 200, "/stats": 401}.get(self.path, 403))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_processes_as_the_kernel_tells_of_them(tmp_path: Path) -> None:
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/status").write_text(STATUS)
    found = look(None, {}, {"supervisor": 7, "worker 0": 8}, None, None, tmp_path)
    supervisor = ProcessFacts(
        name="supervisor", user_id=61000, capabilities=1024, no_new_privileges=True, filters_calls=True
    )
    assert found.processes == (supervisor,)


def test_this_process() -> None:
    (found,) = look(None, {}, {"test": 1}, None, None).processes
    assert found.name == "test"


def test_files_with_their_modes(tmp_path: Path) -> None:
    for name, mode in (("mediad.toml", 0o604), ("key.pem", 0o640), ("mediad.sock", 0o600)):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    settings = Settings(
        tls_certificate=str(tmp_path / "cert.pem"),
        tls_private_key=str(tmp_path / "key.pem"),
        webhook_secret_file=str(tmp_path / "missing"),
    )
    origins = {"jwt_secrets": f"file {tmp_path}/mediad.toml:12", "network_throttle_secret": "environment X"}
    found = look(settings, origins, {}, str(tmp_path / "mediad.sock"), None)
    assert found == Exposure(
        secret_origins=origins,
        files=(
            FileFacts(what="the settings, with jwt_secrets", path=str(tmp_path / "mediad.toml"), mode=0o604),
            FileFacts(what="the key of the certificate", path=str(tmp_path / "key.pem"), mode=0o640),
            FileFacts(what="the admin socket", path=str(tmp_path / "mediad.sock"), mode=0o600),
        ),
    )


def test_pages_that_are_shown_to_strangers(front: str) -> None:
    assert look(None, {}, {}, None, front).open_pages == ("/metrics",)


def test_a_front_that_does_not_answer_shows_nothing() -> None:
    assert look(None, {}, {}, None, "http://127.0.0.1:1/").open_pages == ()
