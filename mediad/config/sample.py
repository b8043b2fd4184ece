"""The sample settings file: every key with its meaning, its range, its other names and its default."""

from __future__ import annotations

import json
import textwrap

from mediad.config.key import Key
from mediad.config.kinds import brief
from mediad.config.settings import DEFAULTS, KEYS

_WIDTH = 110

_HEAD = """\
# Settings of mediad. Each line below is commented out; it shows the default, or else an example.
#
# What stands here is overruled by the environment (MEDIAD_ and the key in capitals, or a name given below),
# and that by flags (--key, - for _). "mediad --check-config --config FILE" says what is wrong with a file,
# "mediactl config show --origin" what holds in a running daemon, and why.
#
# What is marked (live) is applied by "systemctl reload mediad" or "mediactl reload" without dropping anyone;
# the rest waits for a restart.
"""


def sample() -> str:
    """The text of the whole file."""
    return "\n".join([_HEAD, *(_entry(name, key, DEFAULTS[name]) for name, key in KEYS.items())])


def _entry(name: str, key: Key, default: object) -> str:
    about = f"{key.doc[0].upper()}{key.doc[1:]}. {key.kind.expected[0].upper()}{key.kind.expected[1:]}."
    if key.aliases:
        about += f" Also {', '.join(key.aliases)}."
    if key.live:
        about += " (live)"
    comment = textwrap.fill(about, _WIDTH, initial_indent="# ", subsequent_indent="# ")
    return f"{comment}\n#{name} = {toml(key.example if default is None else brief(default))}\n"


def toml(value: object) -> str:
    """The TOML form of `value`, on one line."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(item)}" for name, item in value.items()) + " }"
    return json.dumps(value)  # strings, numbers and booleans are spelled as in JSON
