"""The chat of the page in Chromium: what people write, who gets it, and where it is to be seen."""

from __future__ import annotations

from functools import partial

from tests.support.browser import Tab, Tabs


def until_open(*tabs: Tab) -> None:
    for tab in tabs:
        tab.until("the chat open", partial(tab.get, "window.mediad?.chat.open ?? false"))


def heard(tab: Tab) -> list[str]:
    """The messages that a tab shows, `name: text`."""
    messages = tab.get("mediad.chat.messages")
    return [f"{message['name']}: {message['text']}" for message in messages if not message["own"]]


def until_heard(tab: Tab, text: str) -> None:
    tab.until(text, lambda: text in heard(tab))


def say(tab: Tab, text: str) -> None:
    assert tab.get("text => mediad.say(text)", text)


def until_all_hear(speaker: Tab, *listeners: Tab) -> None:
    """Wait until each of these hears the speaker, who repeats itself until then.

    A message that is sent while a listener still sets its channel up is lost for that one.
    """
    for listener in listeners:

        def heard_now(listener: Tab = listener) -> bool:
            say(speaker, "can you hear me?")
            listener.pause(0.2)
            return any("can you hear me?" in text for text in heard(listener))

        listener.until(f"{speaker.peer_id}'s words", heard_now)


def test_two_people_write_to_each_other(tabs: Tabs, room_id: str) -> None:
    ana, ben = tabs.open(room_id, "ana"), tabs.open(room_id, "ben")
    until_open(ana, ben)
    until_all_hear(ana, ben)
    until_all_hear(ben, ana)
    ana.page.keyboard.press("c")
    ana.page.get_by_label("Message", exact=True).fill("Good <b>morning</b>,\nBen 🌅")
    ana.page.keyboard.press("Enter")
    until_heard(ben, "Ana: Good <b>morning</b>,\nBen 🌅")
    assert ana.page.get_by_label("Message", exact=True).input_value() == ""
    assert int(ben.text(".badge")) == len(heard(ben))
    assert "Ana: Good <b>morning</b>" in ben.text(".toasts")
    ben.page.click("[data-control=chat]")
    assert ben.text(".chat-list li:last-child .chat-text") == "Good <b>morning</b>,\nBen 🌅"
    assert ben.text(".chat-list li:last-child .chat-name") == "Ana"
    assert not ben.page.locator(".badge").is_visible()
    assert ben.get("mediad.chat.unread") == 0
    ben.page.get_by_label("Message", exact=True).fill("Hello!")
    ben.page.get_by_role("button", name="Send").click()
    until_heard(ana, "Ben: Hello!")
    ana.page.get_by_label("Message", exact=True).fill("@bot are you there?")
    ana.page.keyboard.press("Enter")
    for tab in (ana, ben):
        until_heard(tab, 'Bot: Ana said me: "are you there?"')
    assert "Ana: @bot are you there?" not in heard(ben)
    ana.page.locator(".chat").get_by_role("button", name="Close chat").click()
    assert not ana.page.locator(".chat").is_visible()


def test_who_comes_late_and_who_goes_early(tabs: Tabs, room_id: str) -> None:
    ana, ben = tabs.open(room_id, "ana"), tabs.open(room_id, "ben")
    until_open(ana, ben)
    until_all_hear(ana, ben)
    say(ana, "before cid")
    cid = tabs.open(room_id, "cid", produce="false")
    until_all_hear(ana, cid)
    until_all_hear(ben, cid)
    assert "Ana: before cid" not in heard(cid)
    assert not cid.get("mediad.chat.open")
    ben.page.click("[data-control=leave]")
    ana.until("ben gone", lambda: [peer["id"] for peer in ana.get("mediad.peers")] == ["cid"])
    say(ana, "after ben")
    until_heard(cid, "Ana: after ben")
    ben.page.get_by_role("button", name="Rejoin").click()
    until_open(ben)
    until_all_hear(ben, ana, cid)
    until_all_hear(ana, ben)


def test_the_chat_goes_on_over_a_new_connection(tabs: Tabs, room_id: str) -> None:
    ana, ben = tabs.open(room_id, "ana"), tabs.open(room_id, "ben")
    until_open(ana, ben)
    until_all_hear(ana, ben)
    before = heard(ben)
    ana.get("mediad.reconnect()")
    ana.until("a new session", lambda: ana.get("mediad.sessionCount") == 2)
    until_open(ana)
    until_all_hear(ana, ben)
    until_all_hear(ben, ana)
    assert heard(ben)[: len(before)] == before


def test_on_a_phone_the_chat_takes_the_room(tabs: Tabs, room_id: str) -> None:
    ana = tabs.open(room_id, "ana", viewport=(360, 640))
    until_open(ana)
    ana.page.click("[data-control=chat]")
    panel = ana.page.locator(".chat").bounding_box()
    field = ana.page.get_by_label("Message", exact=True).bounding_box()
    leave = ana.page.locator("[data-control=leave]").bounding_box()
    assert panel is not None
    assert field is not None
    assert leave is not None
    assert panel["width"] > 330
    assert field["y"] + field["height"] < leave["y"]
    assert leave["x"] + leave["width"] <= 360


def test_a_link_can_do_without(tabs: Tabs, room_id: str) -> None:
    ana, ben = tabs.open(room_id, "ana"), tabs.open(room_id, "ben", datachannel="false")
    until_open(ana)
    ben.until_flowing("ana")
    assert not ben.page.locator("[data-control=chat]").is_visible()
    assert not ben.get("mediad.chat.open")
