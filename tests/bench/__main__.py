"""Benchmarks: `python -m tests.bench KIND`, started by scripts/bench, which says what kinds there are."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.bench import broadcast, data, gate, network, plain, profile, recording, stacks, throughput
from tests.bench.scene import PROFILES


def parser_of_kinds() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="What a forwarded packet costs.")
    kinds = parser.add_subparsers(dest="kind")
    counting = kinds.add_parser("instructions", help="under callgrind, compared with the recorded numbers")
    counting.add_argument("--record", action="store_true", help="make today's numbers the recorded ones")
    timing = kinds.add_parser("throughput", help="over loopback, as a ratio to the floor loop")
    timing.add_argument("--seconds", type=float, default=4, help="of each measurement (default 4)")
    timing.add_argument(
        "--rates",
        type=float,
        nargs="+",
        default=[100_000, 250_000],
        help="forwarded packets a second (default 100000 250000)",
    )
    playing = kinds.add_parser(
        "network", help="calls on bad networks, simulated: a table and a picture of each"
    )
    playing.add_argument(
        "--out", type=Path, default=Path("build/network"), help="where PNGs go (default build/network)"
    )
    sending = kinds.add_parser("data", help="messages of data channels from one client to many")
    sending.add_argument("--seconds", type=float, default=5, help="of each measurement (default 5)")
    sending.add_argument("--size", type=int, default=1000, help="bytes of a message (default 1000)")
    sending.add_argument("--rate", type=float, default=200, help="messages a second (default 200)")
    sending.add_argument("--consumers", type=int, default=20, help="receivers of each (default 20)")
    casting = kinds.add_parser("broadcast", help="one sender to many receivers, on one worker and on two")
    casting.add_argument("--consumers", type=int, default=1000, help="receivers (default 1000)")
    casting.add_argument("--packets", type=int, default=4, help="of each of 25 pictures a second (default 4)")
    casting.add_argument("--seconds", type=float, default=5, help="of each measurement (default 5)")
    taping = kinds.add_parser("recording", help="a recorder process: CPU time and memory for each peer")
    taping.add_argument("--peers", type=int, default=4, help="each with 720p video and sound (default 4)")
    taping.add_argument("--bitrate", type=int, default=2_000_000, help="of each video (default 2000000)")
    taping.add_argument("--seconds", type=float, default=20, help="of the measurement (default 20)")
    setting = kinds.add_parser("plain", help="one sender and many receivers, set up over HTTP")
    setting.add_argument("--receivers", type=int, default=500, help="SRTP plain transports (default 500)")
    setting.add_argument("--connections", type=int, default=8, help="kept open (default 8)")
    setting.add_argument("--one", action="store_true", help="all transports are of one broadcaster")
    looking = kinds.add_parser("profile", help="where the time goes, as a flame graph (scripts/profile)")
    looking.add_argument("out", type=Path, metavar="FILE.svg")
    looking.add_argument("--pid", type=int, help="a running worker; else one forwards for the picture")
    looking.add_argument("--seconds", type=float, default=10, help="how long it is looked at (default 10)")
    looking.add_argument("--rate", type=float, default=100_000, help="forwarded packets a second (100000)")
    return parser


def main() -> int:
    options = parser_of_kinds().parse_args()
    if options.kind == "network":
        network.run(options.out)
        return 0
    if options.kind == "data":
        load = data.Load(options.size, options.rate, options.consumers, options.seconds)
        report_data(load, data.run(load))
        return stacks.run(load)
    if options.kind == "broadcast":
        report_broadcast(broadcast.run(broadcast.Load(options.consumers, options.packets, options.seconds)))
        return 0
    if options.kind == "recording":
        report_recording(recording.Load(options.peers, options.bitrate, options.seconds))
        return 0
    if options.kind == "plain":
        crowd = plain.Load(options.receivers, options.connections, own_broadcasters=not options.one)
        return report_plain(crowd, plain.run(crowd))
    if options.kind == "profile":
        return draw_profile(options.out, options.pid, options.seconds, options.rate)
    failed = 0
    if options.kind != "throughput":
        failed = instructions(record=getattr(options, "record", False))
    if options.kind != "instructions":
        seconds = getattr(options, "seconds", 4)
        for name in PROFILES:
            for rate in getattr(options, "rates", [100_000, 250_000]):
                report(throughput.measure(name, rate, seconds))
    return failed


def instructions(*, record: bool) -> int:
    counted = gate.count_all()
    problems = gate.problems(counted, gate.recorded())
    for name, cost in counted.items():
        print(f"{name}: {cost.own:.0f} instructions a forwarded packet, {cost.total:.0f} with cryptography")
    if record:
        gate.record(counted)
        return 0
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def draw_profile(out: Path, pid: int | None, seconds: float, forwarded_per_s: float) -> int:
    try:
        if pid is not None:
            profile.of_process(out, pid, seconds)
        else:
            done = profile.of_forwarding(out, "AEAD_AES_128_GCM", forwarded_per_s, seconds)
            print(f"{done.packets} packets forwarded, {done.us_per_packet:.2f} µs of the media thread each")
    except profile.CannotProfile as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{out}: open it in a browser; a click on a function enlarges it")
    return 0


def report_data(load: data.Load, done: data.Measured) -> None:
    print(
        f"{load.size} bytes, {load.per_s:.0f} a second to {load.consumers} clients: "
        f"{done.us_per_message:.1f} µs of the worker's process for a message delivered; "
        f"{done.delivered} of {done.expected} delivered; {_latencies(done.latencies_s)}; "
        f"RSS {done.rss_bytes / 1e6:.0f} MB; dropped {done.dropped}\n"
        f"  a call in the same worker: {_latencies(done.call_latencies_s)}"
    )


def report_plain(load: plain.Load, result: plain.Result) -> int:
    """Print what a set-up took; return 1 when somebody received nothing."""
    whose = "each with its broadcaster" if load.own_broadcasters else "of one broadcaster"
    print(f"1 sender and {load.receivers} receivers on SRTP plain transports, {whose}:")
    asked = f"{result.requests} requests over {load.connections} connections"
    print(f"  set up in      {result.seconds:.2f} s: {asked}")
    print(
        f"  CPU            supervisor {result.supervisor_cpu_s:.2f} s, worker {result.workers_cpu_s:.2f} s,"
    )
    print(f"                 client {result.client_cpu_s:.2f} s")
    print(f"  slowest answer {result.slowest_ms:.0f} ms")
    print(f"  receiving      {result.receiving} of {load.receivers}")
    return 0 if result.receiving == load.receivers else 1


def report_broadcast(done: broadcast.Broadcast) -> None:
    for workers, row in enumerate((done.one, done.two), 1):
        print(
            f"{'one worker' if workers == 1 else 'two workers'}: {row.packets / row.wall_s:.0f} packets/s "
            f"forwarded, {row.packets / max(row.expected, 1):.2%} of those sent; "
            f"{row.us_per_packet:.2f} µs of CPU time each; "
            f"load {', '.join(f'{load:.0%}' for load in row.loads)} of a core; "
            f"first picture of the last joiner after {row.first_frame_s * 1000:.0f} ms; "
            f"{row.requests} key frame requests reached the sender in {row.requests_s:.0f} s"
        )
    print(
        f"pipe: {done.pipe.us_per_packet:.2f} µs of CPU time a packet, both ends, "
        f"at {done.pipe.packets_per_s:.0f} packets/s\n"
        f"gain: {done.gain:.2f} times the receivers, by the load of the busier worker"
    )


def report_recording(load: recording.Load) -> None:
    cost = recording.run(load)
    print(
        f"{load.peers} peers with {load.video_bps / 1e6:g} Mbit/s of video and sound: "
        f"{cost.cpu / load.peers:.2%} of a core each; RSS {cost.rss_bytes / 1e6:.0f} MB; "
        f"{cost.written_bytes / 1e6:.1f} MB written; {cost.lost_packets} packets lost"
    )


def _latencies(found_s: list[float]) -> str:
    return f"latency p50 {data.share_ms(found_s, 0.5):.2f} ms, p99 {data.share_ms(found_s, 0.99):.2f} ms"


def report(row: throughput.Row) -> None:
    engine, floor = row.engine, row.floor
    lost = 1 - engine.packets / engine.expected
    print(
        f"{row.profile} at {row.forwarded_per_s:.0f}/s: {engine.us_per_packet:.2f} µs a forwarded packet, "
        f"{1e6 / engine.us_per_packet:.0f} a CPU-second; floor {floor.us_per_packet:.2f} µs; "
        f"ratio {row.ratio:.2f}; batches of {engine.batch:.1f}",
        flush=True,
    )
    if lost > 0.0005:
        print(
            f"  {lost:.1%} were lost: more than this machine can do now, so the two loads differ", flush=True
        )


if __name__ == "__main__":
    sys.exit(main())
