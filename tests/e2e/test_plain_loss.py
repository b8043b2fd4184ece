"""A plain hop that loses packets: what is missing is asked for, and sent again."""

from __future__ import annotations

from tests.support.browser import Tab, Tabs
from tests.support.daemon import Daemon
from tests.support.lossy_relay import LossyRelay
from tests.support.plain_broadcaster import VP8, PlainBroadcaster
from tests.support.programs import gstreamer, needs_gstreamer, port_pair

LOSS = 0.05
FEEDBACK = [{"type": "nack"}, {"type": "nack", "parameter": "pli"}]
RTX = {
    "mimeType": "video/rtx",
    "payloadType": 102,
    "clockRate": 90000,
    "parameters": {"apt": 101},
}


@needs_gstreamer
def test_gstreamer_repeats_what_the_hop_to_the_server_has_lost(
    daemon: Daemon, tabs: Tabs, room_id: str
) -> None:
    ben = tabs.open(room_id, "ben", produce="false")
    ben.until_connected()
    with PlainBroadcaster(daemon.url, room_id, "cam") as cam:
        transport = cam.transport()
        cam.produce(transport, {**VP8, "rtcpFeedback": FEEDBACK}, 2222, rtx={"ssrc": 2223}, more=[RTX])
        replies = port_pair()
        with (
            LossyRelay(transport, LOSS, *replies) as relay,
            gstreamer(
                "rtpbin name=rtp rtprtxsend name=rtx "
                "payload-type-map=application/x-rtp-pt-map,101=(uint)102 "
                "ssrc-map=application/x-rtp-ssrc-map,2222=(uint)2223 "
                "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1 "
                "! vp8enc deadline=1 cpu-used=8 keyframe-max-dist=250 target-bitrate=800000 "
                "! rtpvp8pay mtu=600 pt=101 ssrc=2222 picture-id-mode=2 "
                "! application/x-rtp,rtcp-fb-nack=true ! rtx. rtx. ! rtp.send_rtp_sink_0 "
                f"rtp.send_rtp_src_0 ! udpsink host=127.0.0.1 port={relay.port} "
                f"rtp.send_rtcp_src_0 ! udpsink host=127.0.0.1 port={relay.rtcp_port} sync=false async=false "
                f"udpsrc port={replies[1]} ! rtp.recv_rtcp_sink_0"
            ),
        ):
            ben.until("pictures", lambda: frames(ben) > 50)
            ben.until_smooth("cam", 4.0)
        assert relay.lost > 20
        asked = "consumerId => mediad.request('getConsumerStats', { consumerId })"
        _, sent = ben.get(asked, ben.consumers()[0]["id"])
        print(f"{relay.lost} of {relay.lost + relay.passed} lost; {sent}")
        assert sent["packetsRepaired"] > 0.8 * sent["nackPacketCount"] > 0


def frames(tab: Tab) -> int:
    return sum(int(track.get("framesDecoded", 0)) for track in tab.consumers("cam"))
