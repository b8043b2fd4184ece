"""All attacks by their names."""

from __future__ import annotations

from tests.attack import data, http, tcp, tokens, udp, websocket
from tests.attack.attack import Attack

MODULES = (websocket, http, tokens, udp, tcp, data)
ATTACKS: dict[str, Attack] = {attack.name: attack for module in MODULES for attack in module.ATTACKS}
