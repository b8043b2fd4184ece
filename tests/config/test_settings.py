"""Settings as the code meets them: derived values, and what a worker is handed."""

from __future__ import annotations

import os
from dataclasses import replace

import msgspec
import pytest

from mediad.config.listen import ListenInfo
from mediad.config.load import load
from mediad.config.settings import Settings, WorkerSettings, admin_socket_candidates
from mediad.errors import ConfigError


def test_auto_is_one_worker_a_usable_core() -> None:
    assert Settings().worker_count() == len(os.sched_getaffinity(0))
    assert load(environ={"MEDIASOUP_WORKER_COUNT": "auto"}).settings.workers is None
    assert Settings(rtc_base_port=40000, rtc_max_port=40100).worker_count() == 1


def test_workers_own_a_thousand_ports_each() -> None:
    settings = load(flags={"rtc_base_port": "20000", "rtc_max_port": "21500", "workers": "2"}).settings
    first, second = settings.worker_settings(0), settings.worker_settings(1)
    assert (first.rtc_first_port, first.rtc_last_port) == (20000, 20999)
    assert (second.rtc_first_port, second.rtc_last_port) == (21000, 21500)
    assert (first.own_ports, second.own_ports) == (None, None)
    assert (first.media_ports, second.media_ports) == (range(20000, 20001), range(21000, 21001))
    second = replace(settings, port_mode="per-transport").worker_settings(1)
    assert (second.media_ports, second.own_ports) == (range(21000, 21501), 501)


def test_admin_socket_candidates() -> None:
    environ = {"RUNTIME_DIRECTORY": "/run/a:/run/b", "XDG_RUNTIME_DIR": "/run/user/7"}
    assert admin_socket_candidates(environ) == [
        "/run/a/mediad.sock",
        "/run/user/7/mediad.sock",
        "/run/mediad/mediad.sock",
    ]
    assert admin_socket_candidates({}) == ["/run/mediad/mediad.sock"]


def test_worker_settings_cross_as_json() -> None:
    told = (ListenInfo("10.0.0.5", ("203.0.113.7", "10.0.0.5")), ListenInfo("::1", ("::1",)))
    settings = Settings(announced=told).worker_settings(3)
    assert WorkerSettings.from_json(settings.to_json()) == settings
    older = msgspec.json.decode(settings.to_json())
    del older["udp_buffer_bytes"]
    read = WorkerSettings.from_json(msgspec.json.encode(older).decode())
    assert read.udp_buffer_bytes == Settings().udp_buffer_bytes
    assert settings.listen_infos == told
    del older["listen_infos"]
    assert (older["listen_ip"], older["announced_ip"]) == ("10.0.0.5", "203.0.113.7")
    for announced, known in (("203.0.113.7", "203.0.113.7"), (None, "10.0.0.5")):
        older["announced_ip"] = announced
        read = WorkerSettings.from_json(msgspec.json.encode(older).decode())
        assert read.listen_infos == (ListenInfo("10.0.0.5", (known,)),)
    for wrong in ("", "[]", "{}", '{"worker_id": "x"}'):
        with pytest.raises(ConfigError):
            WorkerSettings.from_json(wrong)


def test_a_worker_has_its_share_of_the_memory_unless_the_settings_say_otherwise() -> None:
    assert Settings(workers=4).worker_memory_limit(10 * 2**30) == 2 * 2**30
    assert Settings(workers=4).worker_memory_limit(2**28) == 2**28, "enough for a worker to take rooms"
    assert Settings(workers=4).worker_memory_limit(0) == 0
    assert Settings(worker_memory_max_bytes=0).worker_memory_limit(10 * 2**30) == 0
    assert Settings(worker_memory_max_bytes=2**29).worker_memory_limit(10 * 2**30) == 2**29
