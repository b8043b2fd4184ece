"""Requests: supervisor and worker agree on every row."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from unittest.mock import patch

from mediad.pipe.misfits import Misfits
from mediad.worker import server
from mediad.worker.server import WorkerServer
from tests.support.imports import ROOT
from tests.support.loops import on_loop
from tests.support.pipe_wire import REQUESTS
from tests.support.recording_loop import recorded_plane
from tests.support.worker_settings import worker_settings


@on_loop
async def test_every_request_has_exactly_one_handler() -> None:
    with patch.object(server, "MediaPlane", lambda clock, **_: recorded_plane(clock)[0]):
        handlers = WorkerServer(worker_settings(), lambda event: None, Misfits()).handlers()
    assert Counter(handler.request for handler in handlers) == Counter(REQUESTS.values())


def made_in(folder: Path) -> set[str]:
    """Names that are called or handed on anywhere in the folder, without the module before the dot."""
    names = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                for part in (node.func, *node.args):
                    names.add(part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", ""))
    return names


def test_every_request_has_a_sender() -> None:
    sent = made_in(ROOT / "mediad" / "rooms") | made_in(ROOT / "mediad" / "supervisor")
    assert {kind.__name__ for kind in REQUESTS.values()} - sent == set()


def test_every_name_stands_once_in_the_product() -> None:
    text = [path.read_text() for path in (ROOT / "mediad").rglob("*.py") if "web" not in path.parts]
    for row in REQUESTS:
        assert sum(source.count(f'"{row}"') for source in text) == 1, row


def test_the_names_on_the_pipe() -> None:
    """An older worker is asked by these names; the meaning of a name here never changes."""
    assert sorted(REQUESTS) == sorted(
        [f"worker.{verb}" for verb in ("ping", "stats", "trim", "configure")]
        + [f"router.{verb}" for verb in ("create", "close", "stats")]
        + [f"transport.{verb}" for verb in ("create", "connect", "restartIce", "close", "stats", "throttle")]
        + ["transport.limitIncoming"]
        + [
            f"transport.{verb}"
            for verb in ("createPlain", "connectPlain", "createPipe", "connectPipe", "heard")
        ]
        + ["consumer.createPipe", "consumer.setPipeLayer", "producer.setSourceScore"]
        + [f"producer.{verb}" for verb in ("create", "pause", "resume", "close", "stats")]
        + [f"consumers.{verb}" for verb in ("create", "resume")]
        + [f"consumer.{verb}" for verb in ("pause", "resume", "close", "stats")]
        + [f"consumer.{verb}" for verb in ("setPreferredLayers", "setPriority", "requestKeyFrame")]
        + [f"dataProducer.{verb}" for verb in ("create", "createDirect", "send", "close", "stats")]
        + ["dataConsumers.create"]
        + [f"dataConsumer.{verb}" for verb in ("createDirect", "close", "stats")]
    )
