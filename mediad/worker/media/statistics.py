"""Statistics: the media path's numbers under mediasoup's names. Bitrates in bit/s, times in ms.

`timestamp` comes from the monotonic clock, as mediasoup's clients expect.
"""

from __future__ import annotations

from typing import Any

_RATED_LAYERS = 4  # of either kind, in the media path's table of bitrates


def received_stream(
    record: dict[str, Any], kind: str, mime_type: str, rid: str, now_us: int
) -> dict[str, Any]:
    """Return an inbound-rtp entry."""
    entry = _stream("inbound-rtp", record, kind, mime_type, now_us)
    entry["rtxPacketsDiscarded"] = record["rtx_packets_discarded"]
    entry["bitrateByLayer"] = {
        f"{spatial}.{temporal}": record["layer_bitrates"][_RATED_LAYERS * spatial + temporal]
        for spatial in range(max(1, record["spatial_count"]))
        for temporal in range(max(1, record["temporal_count"]))
    }
    if rid:
        entry["rid"] = rid
    return entry


def sent_stream(record: dict[str, Any], kind: str, mime_type: str, now_us: int) -> dict[str, Any]:
    """Return an outbound-rtp entry; `playoutDelay` is asked of its receiver, to leave time for repairs."""
    entry = _stream("outbound-rtp", record, kind, mime_type, now_us)
    if record["playout_delay_ms"]:
        entry["playoutDelay"] = record["playout_delay_ms"]
    return entry


def _stream(type_: str, record: dict[str, Any], kind: str, mime_type: str, now_us: int) -> dict[str, Any]:
    entry = {
        "type": type_,
        "timestamp": now_us // 1000,
        "ssrc": record["ssrc"],
        "kind": kind,
        "mimeType": mime_type,
        "packetsLost": record["packets_lost"],
        "fractionLost": record["fraction_lost"],
        "jitter": record["jitter"],
        "packetsDiscarded": record["packets_discarded"],
        "packetsRetransmitted": record["packets_retransmitted"],
        "packetsRepaired": record["packets_repaired"],
        "nackCount": record["nack_count"],
        "nackPacketCount": record["nack_packet_count"],
        "pliCount": record["pli_count"],
        "firCount": record["fir_count"],
        "score": record["score"],
        "packetCount": record["packet_count"],
        "byteCount": record["byte_count"],
        "bitrate": record["bitrate"],
    }
    if record["rtx_ssrc"]:
        entry["rtxSsrc"] = record["rtx_ssrc"]
    if record["rtt_us"]:
        entry["roundTripTime"] = record["rtt_us"] / 1000
    return entry


def transport(record: dict[str, Any], now_us: int) -> dict[str, Any]:
    """Return the fields that every kind of transport has, except its id."""
    entry = {
        "timestamp": now_us // 1000,
        "bytesReceived": record["bytes_received"],
        "recvBitrate": record["recv_bitrate"],
        "bytesSent": record["bytes_sent"],
        "sendBitrate": record["send_bitrate"],
        "rtpBytesReceived": record["rtp_bytes_received"],
        "rtpRecvBitrate": record["rtp_recv_bitrate"],
        "rtpBytesSent": record["rtp_bytes_sent"],
        "rtpSendBitrate": record["rtp_send_bitrate"],
        "rtxBytesReceived": record["rtx_bytes_received"],
        "rtxRecvBitrate": record["rtx_recv_bitrate"],
        "rtxBytesSent": record["rtx_bytes_sent"],
        "rtxSendBitrate": record["rtx_send_bitrate"],
        "probationBytesSent": record["probation_bytes_sent"],
        "probationSendBitrate": record["probation_send_bitrate"],
    }
    if record["available_outgoing_bitrate"]:
        entry["availableOutgoingBitrate"] = record["available_outgoing_bitrate"]
    if record["available_incoming_bitrate"]:
        entry["availableIncomingBitrate"] = record["available_incoming_bitrate"]
    if record["received_loss_permille"] >= 0:
        entry["rtpPacketLossReceived"] = record["received_loss_permille"] / 1000
    if record["sent_loss_permille"] >= 0:
        entry["rtpPacketLossSent"] = record["sent_loss_permille"] / 1000
    return entry
