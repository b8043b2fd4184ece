"""Settings as people see them."""

from __future__ import annotations

from dataclasses import dataclass, fields

from mediad.config.key import Key, key_field
from mediad.config.kinds import HIDDEN, Choice, HttpUrl


@dataclass
class Two:
    loud: str = key_field("no", Choice("yes", "no"), "shout", "SHOUT", live=True)
    quiet: str = "no"


def test_a_field_keeps_its_key() -> None:
    keys = [one.metadata.get("key") for one in fields(Two)]
    assert (Two().loud, keys[1]) == ("no", None)
    assert isinstance(keys[0], Key)
    assert (keys[0].doc, keys[0].aliases, keys[0].live, keys[0].secret) == ("shout", ("SHOUT",), True, False)


def test_secrets_are_hidden_and_the_rest_is_shown() -> None:
    word = Choice("yes", "no")
    assert Key(word, "").shown("yes") == "yes"
    assert Key(word, "", secret=True).shown("yes") == HIDDEN
    assert Key(word, "", secret=True).shown(None) is None


def test_passwords_in_urls_are_hidden() -> None:
    shown = Key(HttpUrl(), "").shown("https://ana:secret@example.com/hook")
    assert "secret" not in str(shown)
