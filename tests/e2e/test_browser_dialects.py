"""Apps of both generations of mediasoup-demo in Chromium, in one room with mediad's own page."""

from __future__ import annotations

from typing import Any

from tests.support.browser import Tabs
from tests.support.demo_apps import Apps


def test_both_dialects_and_the_page_see_and_hear_each_other(apps: Apps, tabs: Tabs, room_id: str) -> None:
    """Conformance 17: apps of both dialects and the page meet on one port."""
    old, new = apps.open("demo_a", "old"), apps.open("demo_b", "new")
    page = tabs.open(room_id, "page")
    page.until_connected()
    old.until_flowing("new", "page")
    new.until_flowing("old", "page")
    page.until_flowing("old")
    page.until_flowing("new")
    assert old.peers() == {"new", "page"}
    assert new.peers() == {"old", "page"}
    assert new.heard("mediasoupVersion")
    assert old.heard("mediasoup-version")
    sources = {one["appData"]["source"] for one in new.get("app.progress()")}
    assert sources == {"audio", "video"}
    assert new.heard("speakingPeers")
    assert new.get("app.errors") == old.get("app.errors") == []


def test_streams_without_ssrcs_are_told_apart(apps: Apps) -> None:
    """Conformance 7: Chrome's simulcast is mapped by MID and RID; `producerScore` has three encodings."""
    sender, receiver = (
        apps.open("demo_a", "sender", simulcast=True),
        apps.open("demo_b", "receiver", produce=False),
    )
    sender.until("its camera", lambda: sender.get("app.producers.has('video')"))
    parameters = sender.get("app.producers.get('video').rtpParameters")
    assert [sorted(encoding.keys() & {"rid", "ssrc"}) for encoding in parameters["encodings"]] == [
        ["rid"]
    ] * 3
    receiver.until_flowing("sender")
    producer_id = sender.get("app.producers.get('video').id")

    def scores() -> list[list[dict[str, Any]]]:
        return [told["score"] for told in sender.heard("producerScore") if told["producerId"] == producer_id]

    sender.until("three scores", lambda: any(len(score) == 3 for score in scores()))
    three = next(score for score in scores() if len(score) == 3)
    assert sorted(entry["rid"] for entry in three) == ["r0", "r1", "r2"]
    assert len({entry["ssrc"] for entry in three}) == 3
    assert [told["type"] for told in receiver.offers() if told["kind"] == "video"] == ["simulcast"]


def test_a_client_of_tcp_alone(apps: Apps) -> None:
    """Conformance 11: with `forceTcp` a client connects through passive TCP candidates."""
    sender = apps.open("demo_a", "sender", forceTcp=True)
    receiver = apps.open("demo_b", "receiver", produce=False, forceTcp=True)
    receiver.until_flowing("sender")
    for app, direction in ((sender, "send"), (receiver, "recv")):
        (stats,) = app.transport_stats(direction)
        assert stats["iceSelectedTuple"]["protocol"] == "tcp"


def test_wishes_of_an_app_of_dialect_b(apps: Apps) -> None:
    new, old = apps.open("demo_b", "new"), apps.open("demo_a", "old", produce=False)
    old.until_flowing("new")
    new.get("app.tell('pauseProducer', { producerId: app.producers.get('video').id })")
    old.until("paused", lambda: old.heard("consumerPaused"))
    new.get("app.tell('resumeProducer', { producerId: app.producers.get('video').id })")
    old.until("resumed", lambda: old.heard("consumerResumed"))
    new.get("app.tell('changeDisplayName', { displayName: 'Newer' })")
    (renamed,) = old.until("renamed", lambda: old.heard("peerDisplayNameChanged"))
    assert renamed == {"peerId": "new", "displayName": "Newer", "oldDisplayName": "new"}
    stats = new.get("app.request('getTransportStats', { transportId: app.transports.send.id })")
    assert stats["stats"][0]["iceState"] in ("connected", "completed")
    ice = new.get("app.request('restartIce', { transportId: app.transports.send.id })")
    new.get("iceParameters => app.transports.send.restartIce({ iceParameters })", ice["iceParameters"])
    old.until_flowing("new")
    new.get("app.tell('closeProducer', { producerId: app.producers.get('audio').id })")
    old.until("closed", lambda: len(old.get("app.progress()")) == 1)
    new.get("app.close()")
    old.until("gone", lambda: old.peers() == set())
    assert new.get("app.errors") == old.get("app.errors") == []


def test_chat_between_the_dialects(apps: Apps) -> None:
    """Conformance 13: chat (`ordered: false`, one retransmission), and the end of a channel on both sides."""
    new, old = apps.open("demo_b", "new", produce=False), apps.open("demo_a", "old", produce=False)
    for app in (new, old):
        app.open_channel()
    for sender, receiver in ((new, old), (old, new)):
        receiver.until_heard(sender.peer_id)
        sender.say(f"hello from {sender.peer_id}")
        message = {"peerId": sender.peer_id, "label": "chat", "text": f"hello from {sender.peer_id}"}
        receiver.until("the message", lambda: message in receiver.messages())
    (bot,), (chat,) = old.channels(None, "bot"), old.channels("new")
    assert bot["stream"]["streamId"] != chat["stream"]["streamId"]
    assert (chat["stream"]["ordered"], chat["stream"]["maxRetransmits"]) == (False, 1)
    new.get("app.close()")
    (told,) = old.until("the end", lambda: old.heard("dataConsumerClosed"))
    assert told["dataConsumerId"] == chat["id"]
    old.until("closed", lambda: old.channels("new")[0]["readyState"] == "closed")


def test_a_screen_is_shared_in_a_second_codec(apps: Apps) -> None:
    new, old = apps.open("demo_b", "new"), apps.open("demo_a", "old", produce=False)
    old.until_flowing("new")
    new.get("app.share('video/VP9', { source: 'screensharing' })")
    share_id = new.get("app.producers.get('share').id")

    def codecs() -> dict[str, str]:
        video = [offer for offer in old.offers() if offer["kind"] == "video"]
        return {one["producerId"]: one["rtpParameters"]["codecs"][0]["mimeType"] for one in video}

    old.until("the screen", lambda: share_id in codecs())
    assert sorted(codecs().values()) == ["video/VP8", "video/VP9"]
    assert codecs()[share_id] == "video/VP9"
    shown = next(offer for offer in old.offers() if offer["producerId"] == share_id)
    assert shown["appData"]["share"]
    old.until(
        "pictures of the screen",
        lambda: [one for one in old.get("app.progress()") if one["id"] == shown["id"] and one["done"] > 5],
    )
