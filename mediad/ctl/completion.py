"""Completion for shells: verbs, options, and the ids of rooms, peers and workers that exist now.

The shell's part is a few lines that ask `mediactl __complete WORD …` at each TAB; everything else is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from mediad.ctl.command import Argument, Command
from mediad.ctl.render import printable
from mediad.ctl.session import Session
from mediad.errors import MediadError
from mediad.words import plural

SHELLS = ("bash", "zsh")

BASH = """\
_mediactl() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$(printf '%q' "${line%%$'\\t'*}")")
    done < <(mediactl __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _mediactl mediactl
"""

ZSH = """\
#compdef mediactl
_mediactl() {
    local line
    local -a names
    while IFS= read -r line; do
        names+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
    done < <(mediactl __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    if (( $#names )); then
        _describe mediactl names
    else
        _files
    fi
}
if [ "${funcstack[1]}" = _mediactl ]; then
    _mediactl "$@"
else
    compdef _mediactl mediactl
fi
"""

_EVERYWHERE = {
    "--json": "print the answer as JSON",
    "--admin-socket": "where mediad listens",
    "--help": "help",
}
_WITH_VALUE = {"--admin-socket"}

Word = tuple[str, str]
"""A word to type, and its meaning."""

LookUp = Callable[[str, dict[str, str]], list[Word]]
"""The values of an argument, by its key and the arguments typed before."""


@dataclass(slots=True)
class _Typed:
    """The words before the one being typed, parsed."""

    plain: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    waiting: str | None = None
    """The option whose value is being typed."""


def candidates(
    commands: Sequence[Command], groups: dict[str, str], words: Sequence[str], look_up: LookUp
) -> list[Word]:
    """The words that the last of `words` may become, in the order of the table of verbs."""
    *before, current = words or [""]
    command = _command(commands, _take_apart(before, ()).plain)
    typed = _take_apart(before, () if command is None else command.arguments)
    if command is not None:
        found = _of_command(command, typed, current, look_up)
    elif typed.waiting is not None:
        found = []
    elif current.startswith("-"):
        found = list(_EVERYWHERE.items())
    else:
        found = list(_verbs(commands, groups, typed.plain))
    return [word for word in found if word[0].startswith(current)]


def ids(session: Session) -> LookUp:
    """Return a function that looks up rooms, peers and workers; it finds none without a daemon."""

    def look_up(key: str, given: dict[str, str]) -> list[Word]:
        try:
            return _ask(session, key, given)
        except MediadError:
            return []

    return look_up


def _ask(session: Session, key: str, given: dict[str, str]) -> list[Word]:
    match key:
        case "roomId":
            rooms = session.call("rooms", {})["rooms"]
            return [(room["roomId"], plural(room["peers"], "peer")) for room in rooms]
        case "peerId":
            peers = session.call("peers", {"roomId": given["roomId"]} if "roomId" in given else {})["peers"]
            return [(peer["peerId"], peer["displayName"]) for peer in peers]
        case "spread":
            return [("auto", "as many workers as it needs"), ("off", "one worker"), ("2", "two workers")]
        case "recording":
            recordings = session.call("record.list", {})["recordings"]
            return [(one["recordingId"], f"of {one['roomId']}") for one in recordings]
        case "workerId":
            workers = session.call("workers", {})["workers"]
            return [(str(w["workerId"]), f"{w['state']}, {plural(w['roomCount'], 'room')}") for w in workers]
        case _:
            return []


def spell(found: Sequence[Word]) -> str:
    """The words in the form the shells' part reads: one a line.

    A word with a line end cannot be typed anyway.
    """
    return "".join(f"{word}\t{printable(what)}\n" for word, what in found if word.isprintable())


def _command(commands: Sequence[Command], plain: list[str]) -> Command | None:
    for command in commands:
        tokens = command.name.split()
        if plain[: len(tokens)] == tokens:
            return command
    return None


def _verbs(commands: Sequence[Command], groups: dict[str, str], plain: list[str]) -> Iterator[Word]:
    seen = set()
    for command in commands:
        tokens = command.name.split()
        if len(tokens) > len(plain) and tokens[: len(plain)] == plain:
            token = tokens[len(plain)]
            if token not in seen:
                seen.add(token)
                last = len(tokens) == len(plain) + 1
                yield token, command.help if last else groups[token]


def _of_command(command: Command, typed: _Typed, current: str, look_up: LookUp) -> list[Word]:
    positionals = [argument for argument in command.arguments if not _is_option(argument)]
    values = typed.plain[len(command.name.split()) :]
    given = {argument.key: value for argument, value in zip(positionals, values, strict=False)}
    if typed.waiting is not None:
        argument = next((a for a in command.arguments if typed.waiting in a.flags), None)
        return [] if argument is None else _values(argument, given, look_up)
    if current.startswith("-"):
        own = {
            flag: a.options.get("help", "") for a in command.arguments for flag in a.flags if _is_option(a)
        }
        return [(flag, what) for flag, what in (own | _EVERYWHERE).items() if flag not in typed.options]
    if len(values) < len(positionals):
        return _values(positionals[len(values)], given, look_up)
    return []


def _values(argument: Argument, given: dict[str, str], look_up: LookUp) -> list[Word]:
    if "choices" in argument.options:
        return [(str(choice), "") for choice in argument.options["choices"]]
    return look_up(argument.key, given)


def _take_apart(words: Sequence[str], arguments: Sequence[Argument]) -> _Typed:
    with_value = {flag for a in arguments if _takes_value(a) for flag in a.flags} | _WITH_VALUE
    typed = _Typed()
    for word in words:
        if typed.waiting is not None:
            typed.waiting = None
        elif word.startswith("-"):
            typed.options.append(word)
            typed.waiting = word if word in with_value else None
        else:
            typed.plain.append(word)
    return typed


def _is_option(argument: Argument) -> bool:
    return argument.flags[0].startswith("-")


def _takes_value(argument: Argument) -> bool:
    return _is_option(argument) and not argument.options.get("action", "store").startswith("store_")
