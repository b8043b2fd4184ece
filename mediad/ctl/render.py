"""Text for people: aligned tables, sizes, durations."""

from __future__ import annotations

from collections.abc import Sequence


class Quantity(str):
    """A number with its unit; its column is flush right, as for a bare number."""

    __slots__ = ()


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns two blanks apart, each as wide as its widest cell; those of quantities alone flush right."""
    cells = [[_text(cell) for cell in row] for row in rows]
    right = [
        any(_is_quantity(row[i]) for row in rows)
        and all(_is_quantity(row[i]) or row[i] is None or row[i] == "" for row in rows)
        for i in range(len(headings))
    ]
    columns = list(zip(headings, *cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for line in (list(headings), *cells):
        aligned = [
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(line, widths, right, strict=True)
        ]
        lines.append("  ".join(aligned).rstrip())
    return "\n".join(lines)


def fields(pairs: Sequence[tuple[str, object]]) -> str:
    """Lines of `name  value`, with the values aligned."""
    width = max(len(name) for name, _ in pairs)
    return "\n".join(f"{name:{width}}  {_text(value)}" for name, value in pairs)


def size(value: object) -> Quantity:
    """Bytes in binary units."""
    amount = _number(value)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return Quantity(f"{amount:.0f} {unit}")
        amount /= 1024
    return Quantity(f"{amount:.1f} GiB")


def duration(value: object) -> Quantity:
    """Seconds as the two largest units: `2d 3h`, `4m 10s`, `12s`."""
    seconds = int(_number(value))
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return Quantity(f"{days}d {hours}h")
    if hours:
        return Quantity(f"{hours}h {minutes}m")
    return Quantity(f"{minutes}m {seconds % 60}s" if minutes else f"{seconds}s")


def percent(value: object) -> Quantity:
    """A share of one core in percent; more than one core is more than 100 %."""
    return Quantity(f"{_number(value) * 100:.0f}%")


def bitrate(value: object) -> Quantity:
    """bit/s in decimal units, as providers count: `850 kbps`, `2.4 Mbps`; `-` for None."""
    if value is None:
        return Quantity("-")
    amount = _number(value) / 1000
    for unit in ("kbps", "Mbps"):
        if amount < 1000:
            return Quantity(f"{amount:.0f} {unit}" if unit == "kbps" else f"{amount:.1f} {unit}")
        amount /= 1000
    return Quantity(f"{amount:.2f} Gbps")


def share(value: object) -> Quantity:
    """0..1 as a percentage, with the digits that matter for losses; `-` for None."""
    return Quantity("-" if value is None else f"{_number(value) * 100:.1f}%")


def yes_no(value: object) -> str:
    if value is None:
        return "unknown"
    return "yes" if value else "no"


def _is_quantity(value: object) -> bool:
    return isinstance(value, int | float | Quantity)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def printable(text: str) -> str:
    """The text with control characters escaped: clients choose ids, which must not move the cursor."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _text(value: object) -> str:
    return "-" if value is None else printable(str(value))
