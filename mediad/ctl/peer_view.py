"""One peer as people read it: transports, tracks sent and received, and why it does not get more."""

from __future__ import annotations

from collections.abc import Iterator

from mediad.ctl.grants_view import describe_grants
from mediad.ctl.render import Quantity, bitrate, duration, fields, printable, share, table, yes_no
from mediad.ctl.session import Data
from mediad.words import plural

_STREAM = ("BITRATE", "PACKETS", "LOST", "REPAIRED", "RTT")


def show_peer(data: Data) -> str:
    head = fields(
        [
            ("peer", data["peerId"]),
            ("room", data["roomId"]),
            ("worker", data["workerId"]),
            ("name", data["displayName"]),
            ("device", data["device"] or "unknown"),
            ("kind", data.get("kind")),
            ("joined", yes_no(data["joined"])),
            ("connected for", duration(data["ageS"])),
            ("from it", f"{bitrate(data['recvBitrate'])}, {share(data['lossReceived'])} lost"),
            ("to it", f"{bitrate(data['sendBitrate'])}, {share(data['lossSent'])} lost"),
            ("its link carries", bitrate(data["availableBitrate"])),
            *([("grants", describe_grants(data["grants"]))] if data.get("grants") else []),
            *([("throttled to", data["throttle"])] if data.get("throttle") else []),
        ]
    )
    parts = [head, _transports(data["transports"])]
    if data["sends"]:
        parts.append(_sent(data["sends"]))
    if data["receives"]:
        parts.append(_received(data["receives"]))
        parts += ["\n".join(why) for why in [list(reasons(data))] if why]
    if data["sendsData"]:
        parts.append(_sent_on(data["sendsData"]))
    if data["receivesData"]:
        parts.append(_received_on(data["receivesData"]))
    return "\n\n".join(parts)


def _transports(transports: list[Data]) -> str:
    rows = [
        (
            transport["transportId"],
            _kind(transport),
            transport.get("iceState"),
            transport.get("dtlsState"),
            transport.get("sctpState"),
            _address(transport),
            bitrate(transport.get("recvBitrate")),
            bitrate(transport.get("sendBitrate")),
        )
        for transport in transports
    ]
    return table(("TRANSPORT", "KIND", "ICE", "DTLS", "SCTP", "ADDRESS", "FROM IT", "TO IT"), rows)


def _kind(transport: Data) -> str | None:
    return "plain, SRTP" if transport.get("srtp") else transport.get("kind")


def _address(transport: Data) -> str | None:
    """The address of the other side; of a plain one with the port of RTCP, and whether it was learned."""
    if transport.get("kind") != "plain":
        path = transport.get("iceSelectedTuple")
        return f"{path['remoteIp']} {path['protocol']} {path['remotePort']}" if path else None
    path, rtcp = transport["tuple"], transport.get("rtcpTuple") or {}
    if path.get("remoteIp") is None:
        awaited = "a first packet" if transport["comedia"] else "being connected"
        return f"waits for {awaited} at {path['localAddress']} {path['localPort']}"
    apart = f", RTCP {rtcp['remotePort']}" if rtcp.get("remotePort") is not None else ""
    learned = " (learned)" if transport["comedia"] else ""
    return f"{path['remoteIp']} udp {path['remotePort']}{apart}{learned}"


# -- tracks --------------------------------------------------------------------------------------------------


def _sent(tracks: list[Data]) -> str:
    rows = [
        (
            track["producerId"],
            track["kind"],
            _codec(track, "inbound-rtp"),
            track["type"],
            _state(track),
            track["score"],
            track["consumers"],
            _by_layer(track),
            *_stream(track["streams"], "inbound-rtp"),
        )
        for track in tracks
    ]
    headings = ("SENDS", "KIND", "CODEC", "TYPE", "STATE", "SCORE", "GET IT", "BY LAYER")
    return table((*headings, *_STREAM), rows)


def _received(tracks: list[Data]) -> str:
    rows = [
        (
            track["consumerId"],
            track["kind"],
            track["fromPeerId"],
            _codec(track, "outbound-rtp"),
            _state(track) if track["accepted"] else "offered",
            track["score"],
            *_layers(track),
            *_stream(track["streams"], "outbound-rtp"),
        )
        for track in tracks
    ]
    headings = ("GETS", "KIND", "FROM", "CODEC", "STATE", "SCORE", "LAYERS", "WANTED", "BEST")
    return table((*headings, *_STREAM), rows)


def _own(track: Data, type_: str) -> list[Data]:
    return [stream for stream in track["streams"] if stream["type"] == type_]


def _codec(track: Data, type_: str) -> str | None:
    """The short name of a codec: `VP8` of video/VP8."""
    types = {stream["mimeType"].partition("/")[2] for stream in _own(track, type_) if "mimeType" in stream}
    return ", ".join(sorted(types)) or None


def _by_layer(track: Data) -> str | None:
    """Bitrates by layer, as `120 + 480 kbps`, lowest first.

    They are of each stream of a simulcast, or of each spatial layer of one stream with those below it.
    """
    streams = _own(track, "inbound-rtp")
    rates = [stream["bitrate"] for stream in streams]
    if len(streams) == 1:
        layers = streams[0].get("bitrateByLayer", {})
        spatial = sorted({name.split(".")[0] for name in layers})
        rates = [max(rate for name, rate in layers.items() if name.split(".")[0] == one) for one in spatial]
    return None if len(rates) < 2 else " + ".join(f"{rate / 1000:.0f}" for rate in rates) + " kbps"


def _layers(track: Data) -> tuple[str | None, str | None, str | None]:
    """`spatial/temporal` layers: what the peer gets, what its app wants, and the best there is."""
    entry = next(iter(_own(track, "outbound-rtp")), {})
    names = ("currentLayers", "preferredLayers", "bestLayers")
    current, preferred, best = (_pair(entry.get(name)) for name in names)
    return current, preferred, best


def _pair(layers: Data | None) -> str | None:
    return None if layers is None else f"{layers['spatialLayer']}/{layers['temporalLayer']}"


def _stream(streams: list[Data], type_: str) -> tuple[object, ...]:
    """The sums of a track's streams (simulcast has several), with the longest round trip."""
    own = [stream for stream in streams if stream["type"] == type_]
    if not own:
        return (None,) * len(_STREAM)
    trips = [stream["roundTripTime"] for stream in own if "roundTripTime" in stream]
    return (
        bitrate(sum(stream["bitrate"] for stream in own)),
        sum(stream["packetCount"] for stream in own),
        sum(stream["packetsLost"] for stream in own),
        sum(stream["packetsRepaired"] for stream in own),
        Quantity(f"{max(trips):.0f} ms") if trips else None,
    )


def _state(track: Data) -> str:
    return "paused" if track["paused"] else "flows"


# -- data channels -------------------------------------------------------------------------------------------


def _sent_on(entries: list[Data]) -> str:
    rows = [
        (
            entry["dataProducerId"],
            entry["label"],
            _reliability(entry["sctpStreamParameters"]),
            entry["dataConsumers"],
            *_messages(entry, "messagesReceived", "bytesReceived"),
        )
        for entry in entries
    ]
    return table(("SENDS ON", "LABEL", "ORDER", "GET IT", "MESSAGES", "BYTES"), rows)


def _received_on(entries: list[Data]) -> str:
    rows = [
        (
            entry["dataConsumerId"],
            entry["label"],
            entry["fromPeerId"],
            "open" if entry["accepted"] else "offered",
            *_messages(entry, "messagesSent", "bytesSent", "bufferedAmount"),
        )
        for entry in entries
    ]
    return table(("GETS ON", "LABEL", "FROM", "STATE", "MESSAGES", "BYTES", "WAITING"), rows)


def _reliability(stream: Data) -> str:
    order = "ordered" if stream["ordered"] else "unordered"
    if "maxRetransmits" in stream:
        return f"{order}, {plural(stream['maxRetransmits'], 'repeat')}"
    return f"{order}, {stream['maxPacketLifeTime']} ms" if "maxPacketLifeTime" in stream else order


def _messages(entry: Data, *names: str) -> tuple[object, ...]:
    stream: Data = next(iter(entry["streams"]), {})
    return tuple(stream.get(name) for name in names)


# -- why the peer does not get more --------------------------------------------------------------------------


def reasons(data: Data) -> Iterator[str]:
    """A line for each track of which this peer gets less than the best, with the cause."""
    for track in data["receives"]:
        why = _why(track, data)
        if why:
            yield f"{track['kind']} of {printable(track['fromPeerId'])}: {why}"


def _why(track: Data, data: Data) -> str | None:
    me, sender = printable(data["peerId"]), printable(track["fromPeerId"])
    if not track["accepted"]:
        return f"the app of {me} has not answered the offer (newConsumer) yet"
    by = track.get("pausedBy", [])
    if by:
        who = " and ".join({"sender": sender, "receiver": me}[one] for one in by)
        return f"paused by {who}"
    entry = next(iter(_own(track, "outbound-rtp")), {})
    best, preferred = entry.get("bestLayers"), entry.get("preferredLayers")
    match entry.get("layersReason"):
        case "bandwidth":
            link = bitrate(data["availableBitrate"])
            return f"the link to {me} carries {link}, and that is not enough for {_pair(preferred)}"
        case "notSent":
            why = "its uplink, its CPU or a small picture does not allow it"
            return f"{sender} does not send {_pair(preferred)}: {why}"
        case "waking":
            return f"{sender} was asked a moment ago to send {_pair(preferred)} again"
        case "waiting":
            return f"waits for a key frame of {sender}, to change layers at"
        case "preferred" if best is not None and preferred != best:
            return f"the app of {me} wants no more than {_pair(preferred)} of {_pair(best)}"
        case _:
            return None
