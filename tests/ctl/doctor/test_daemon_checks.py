"""Seeded faults of the daemon itself."""

from __future__ import annotations

from dataclasses import replace

from mediad.ctl.doctor.facts import Facts
from tests.support.doctor_facts import DAEMON, MACHINE, WELL, daemon, machine, settings, stopped, worker
from tests.support.findings import fault, faults, in_order, only_fault


def test_wrong_settings() -> None:
    problems = ("port: got 'x' (file /etc/m.toml), expected 0..65535", "prot: unknown setting")
    wrong = replace(stopped(), settings=None, settings_problems=problems, certificate=None)
    for problem in problems:
        fault(wrong, "error", "settings", problem)


def test_settings_that_have_gone_wrong_since_the_start() -> None:
    only_fault(daemon(settings_problems=("port: wrong",)), "error", "settings", "start again: port: wrong")


def test_settings_that_wait_for_a_restart() -> None:
    only_fault(daemon(settings_waiting=("host", "port")), "warning", "settings", "host, port: changed")


def test_not_running() -> None:
    only_fault(stopped(), "error", "daemon", "mediad is not running")


def test_not_answering() -> None:
    only_fault(replace(stopped(), daemon_problem="the daemon hung up"), "error", "daemon", "hung up")


def test_an_older_daemon_runs() -> None:
    only_fault(daemon(version="0.9"), "warning", "daemon", "mediad 0.9 runs", "mediactl 1.0")


def test_draining() -> None:
    only_fault(daemon(status="draining"), "warning", "daemon", "draining")


def test_no_worker() -> None:
    fault(daemon(status="unavailable"), "error", "daemon", "no worker is ready")


def test_anything_else_it_says() -> None:
    only_fault(daemon(status="degraded"), "warning", "daemon", "degraded")


def test_what_it_knows_itself() -> None:
    problem = "worker 1 has failed 4 times in a row"
    only_fault(daemon(status="degraded", problems=(problem,)), "warning", "daemon", problem)


def test_a_worker_that_does_not_come_up() -> None:
    down = worker(1, state="restarting", lastDeath="it was killed by SIGKILL")
    only_fault(daemon(workers=[worker(), down]), "error", "workers", "worker 1", "restarting", "SIGKILL")


def test_a_worker_that_hangs() -> None:
    facts = daemon(reports={"0": DAEMON.reports["0"]})
    only_fault(facts, "error", "workers", "worker 1 does not answer")
    assert in_order(facts, "workers") == ["1 of 2 workers running since the start"]


def test_a_worker_that_has_died() -> None:
    died = worker(0, restarts=3, lastDeath="it did not answer for 5 s")
    only_fault(daemon(workers=[died, worker(1)]), "warning", "workers", "3 times", "did not answer")


def test_a_restart_somebody_asked_for_is_nothing_wrong() -> None:
    facts = daemon(workers=[worker(0, restarts=1, lastDeath=None), worker(1)])
    assert in_order(facts, "workers") == ["2 of 2 workers running since the start"]


def test_a_low_descriptor_limit() -> None:
    only_fault(daemon(fd_limit=1024), "warning", "descriptors", "1024")


def test_too_few_descriptors_for_a_port_of_each_transport() -> None:
    facts = settings(port_mode="per-transport", listen_ip=("0.0.0.0", "::"))
    facts = replace(facts, daemon=replace(DAEMON, fd_limit=1024))
    fault(facts, "warning", "descriptors", "1024", "need 4000")
    assert in_order(replace(facts, daemon=replace(DAEMON, fd_limit=65536)), "descriptors") != []


def test_descriptors_nearly_used_up() -> None:
    only_fault(daemon(open_fds=60_000), "error", "descriptors", "60000 of 65536")


def test_small_udp_buffers() -> None:
    small = {**DAEMON.reports, "1": {"udpGso": True, "udpBufferBytes": 212_992}}
    only_fault(daemon(reports=small), "warning", "udp-buffers", "208 KiB", "4 MiB")
    nothing_runs = replace(stopped(), machine=replace(MACHINE, receive_buffer_max=212_992))
    fault(nothing_runs, "warning", "udp-buffers", "208 KiB")


def test_buffers_nobody_tells_of_are_not_judged() -> None:
    silent = daemon(reports={"0": {}, "1": {}})
    assert faults(silent) == []
    assert in_order(silent, "udp-buffers") == []


def test_datagrams_the_kernel_threw_away() -> None:
    only_fault(machine(socket_drops={11000: 12}), "warning", "socket-drops", "worker 1", "12 datagrams")
    assert in_order(WELL, "socket-drops") != []
    facts = replace(
        daemon(workers=[worker(1)]),
        machine=replace(MACHINE, socket_drops={11003: 5, 11999: 1, 12000: 9}),
    )
    only_fault(facts, "warning", "socket-drops", "worker 1", "6 datagrams")


def ports(used: int, free: int, refusals: int) -> dict[str, object]:
    return {**DAEMON.reports["1"], "ports": {"used": used, "free": free}, "portRefusals": refusals}


def with_ports(used: int, free: int, refusals: int) -> Facts:
    return daemon(reports={**DAEMON.reports, "1": ports(used, free, refusals)})


def test_no_port_is_left_for_a_plain_transport() -> None:
    only_fault(with_ports(999, 0, 3), "error", "media-ports", "all 999 media ports of worker 1")


def test_transports_that_got_no_port() -> None:
    only_fault(with_ports(7, 992, 3), "warning", "media-ports", "worker 1 had no media port for 3 transports")


def test_ports_that_suffice() -> None:
    facts = with_ports(7, 992, 0)
    assert faults(facts) == []
    assert "7 of 999 media ports of worker 1" in in_order(facts, "media-ports")[0]
    assert in_order(with_ports(0, 0, 0), "media-ports") != []
