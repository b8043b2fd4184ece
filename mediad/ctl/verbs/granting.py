"""The verb `peer grant`: what a peer may do, changed during its call."""

from __future__ import annotations

from mediad.ctl.command import Argument, Ask, Command, argument
from mediad.ctl.grants_view import describe_grants
from mediad.ctl.render import printable
from mediad.ctl.session import Data


def _granted(data: Data) -> str:
    who = f"peer {printable(data['peerId'])} of room {printable(data['roomId'])}"
    return f"{who} has now: {describe_grants(data['grants'])}"


def _switch(name: str, meaning: str) -> Argument:
    return argument(f"--{name}", dest=name, choices=("on", "off"), help=meaning)


COMMANDS = (
    Command(
        "peer grant",
        "change what a peer may do; what it may not do any more ends at once",
        Ask("peer.grant", _granted),
        (
            argument("roomId", metavar="ROOM", help="its id"),
            argument("peerId", metavar="PEER", help="its id"),
            _switch("publish", "send tracks"),
            _switch("subscribe", "receive tracks and data channels"),
            _switch("data", "send on data channels"),
            _switch("admin", "act on others"),
            _switch("record", "have the room recorded"),
            argument(
                "--sources",
                dest="sources",
                metavar="NAMES|all",
                help="the sources it may send, such as microphone,camera,screen",
            ),
            argument(
                "--codecs",
                dest="codecs",
                metavar="NAMES|all",
                help="the codecs it may send, such as audio/opus,video/vp8",
            ),
            argument(
                "--max-bitrate",
                dest="maxBitrateKbps",
                metavar="KBPS|none",
                help="the most that it may send, over all its transports",
            ),
            argument(
                "--max-producers", dest="maxProducers", metavar="N|none", help="the most tracks it may send"
            ),
            argument(
                "--max-consumers",
                dest="maxConsumers",
                metavar="N|none",
                help="the most tracks it may receive",
            ),
            argument(
                "--ttl",
                dest="ttlS",
                metavar="S|none",
                help="the seconds until its token ends, from now (token_expiry)",
            ),
        ),
    ),
)
