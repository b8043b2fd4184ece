"""The dependency descriptor in full, as its specification reads it (AV1 RTP payload, appendix A.8)."""

from __future__ import annotations

from dataclasses import dataclass, field


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def __call__(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the descriptor is cut off")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def below(self, limit: int) -> int:
        """ns(n)."""
        width = limit.bit_length()
        few = (1 << width) - limit
        value = self(width - 1)
        return value if value < few else (value << 1 | self(1)) - few


@dataclass(slots=True)
class Template:
    spatial: int
    temporal: int
    indications: str = ""
    """One letter a decode target: - not present, D discardable, S switch, R required."""
    references: tuple[int, ...] = ()
    chains: tuple[int, ...] = ()


@dataclass(slots=True)
class Structure:
    offset: int
    targets: int
    templates: list[Template] = field(default_factory=list)
    chain_count: int = 0


@dataclass(slots=True)
class Descriptor:
    start: bool
    end: bool
    template_id: int
    frame_number: int
    structure: Structure | None = None
    """The structure, when it came with this packet."""
    active: int | None = None
    """active_decode_targets_bitmask, when it came with this packet."""
    template: Template | None = None
    """The frame's template, with the frame's own changes; None while no structure is known."""

    def __str__(self) -> str:
        t = self.template
        layer = "?" if t is None else f"S{t.spatial}T{t.temporal} {t.indications} refs{t.references}"
        parts = [f"#{self.frame_number}", "[" if self.start else " ", "]" if self.end else " ", layer]
        if self.structure is not None:
            parts.append(f"STRUCTURE {self.structure.targets} targets")
        if self.active is not None:
            parts.append(f"ACTIVE {self.active:b}")
        return " ".join(parts)


def parse(data: bytes, known: Structure | None) -> Descriptor:
    """`known` is the structure that came last on this stream."""
    bits = _Bits(data)
    found = Descriptor(bool(bits(1)), bool(bits(1)), bits(6), bits(16))
    custom_indications = custom_references = custom_chains = False
    if len(data) > 3:
        has_structure, has_active = bits(1), bits(1)
        custom_indications, custom_references, custom_chains = bool(bits(1)), bool(bits(1)), bool(bits(1))
        if has_structure:
            found.structure = known = _structure(bits)
            found.active = (1 << known.targets) - 1
        if has_active:
            assert known is not None
            found.active = bits(known.targets)
    if known is None:
        return found
    index = (found.template_id - known.offset) % 64
    if index >= len(known.templates):
        return found
    t = known.templates[index]
    indications, references, chains = t.indications, t.references, t.chains
    if custom_indications:
        indications = "".join("-DSR"[bits(2)] for _ in range(known.targets))
    if custom_references:
        own = []
        while size := bits(2):
            own.append(bits(4 * size) + 1)
        references = tuple(own)
    if custom_chains:
        chains = tuple(bits(8) for _ in range(known.chain_count))
    found.template = Template(t.spatial, t.temporal, indications, references, chains)
    return found


def _structure(bits: _Bits) -> Structure:
    found = Structure(bits(6), bits(5) + 1)
    spatial = temporal = 0
    while True:
        found.templates.append(Template(spatial, temporal))
        step = bits(2)
        if step == 1:
            temporal += 1
        elif step == 2:
            spatial, temporal = spatial + 1, 0
        elif step == 3:
            break
    for template in found.templates:
        template.indications = "".join("-DSR"[bits(2)] for _ in range(found.targets))
    for template in found.templates:
        references = []
        while bits(1):
            references.append(bits(4) + 1)
        template.references = tuple(references)
    found.chain_count = bits.below(found.targets + 1)
    if found.chain_count:
        for _ in range(found.targets):
            bits.below(found.chain_count)
        for template in found.templates:
            template.chains = tuple(bits(4) for _ in range(found.chain_count))
    if bits(1):
        for _ in range(found.templates[-1].spatial + 1):
            bits(32)
    return found
