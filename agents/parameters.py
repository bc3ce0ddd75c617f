"""The parameters of the ``monitoring`` skill, and what each may be."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, cast, get_args

Direction = Literal["both", "speak", "listen"]
Codec = Literal["PCMU", "PCMA"]
Transport = Literal["ws", "rtp"]
Parties = Literal["together", "apart"]
Notice = Literal["", "announced", "tone", "contract", "consent"]
Level = Literal[1, 2]
Choice = TypeVar("Choice", bound=str)

#: What may be asked for, and what it means. ``hear`` is SignalWire's older word for ``listen``,
#: which today's platform refuses.
DIRECTIONS: dict[str, Direction] = {one: one for one in get_args(Direction)} | {"hear": "listen"}
CODECS: dict[str, Codec] = {one: one for one in get_args(Codec)}
TRANSPORTS: dict[str, Transport] = {one: one for one in get_args(Transport)}
PARTIES: dict[str, Parties] = {one: one for one in get_args(Parties)}
NOTICES: dict[str, Notice] = {one: one for one in get_args(Notice)}
PTIME = 20  # milliseconds of audio in an RTP packet; SignalWire takes 10, 20, … 120
PTIMES = range(10, 121, 10)
LEVEL: Level = 2

#: In the form of the SDK, which shows it to people.
SCHEMA: dict[str, dict[str, Any]] = {
    "direction": {
        "type": "string",
        "description": "What is tapped if the agent does not say: both sides of the call, "
        "what the party says (speak), or what the party hears (listen)",
        "enum": list(get_args(Direction)),
        "default": "both",
        "required": False,
    },
    "parties": {
        "type": "string",
        "description": "How both sides of a call are tapped: by one tap that mixes them "
        "(together), or by one for each, so that they can be told apart (apart)",
        "enum": list(get_args(Parties)),
        "default": "together",
        "required": False,
    },
    "codec": {
        "type": "string",
        "description": "Codec of the tapped audio",
        "enum": list(get_args(Codec)),
        "default": "PCMU",
        "required": False,
    },
    "transport": {
        "type": "string",
        "description": "How SignalWire sends the audio: over a WebSocket, or as RTP to "
        "a port that manage.py rtptaps receives on",
        "enum": list(get_args(Transport)),
        "default": "ws",
        "required": False,
    },
    "rtp_ptime": {
        "type": "integer",
        "description": "Milliseconds of audio in an RTP packet, 10 to 120 in tens",
        "default": PTIME,
        "required": False,
    },
    "notice": {
        "type": "string",
        "description": "How the parties of the agent's calls are told that supervisors may listen: "
        "by what the agent says (announced), a tone, a contract, or because they are asked for "
        "their consent. A team can forbid listening to calls without any",
        "enum": list(get_args(Notice)),
        "default": "",
        "required": False,
    },
    "words": {
        "type": "boolean",
        "description": "Whether SignalWire tells what is said in the agent's calls, and which "
        "tools are used, so that supervisors can read it",
        "default": True,
        "required": False,
    },
    "level": {
        "type": "integer",
        "description": "How much SignalWire tells during a call: what the caller says and what "
        "happens (1), or what the agent says as well (2)",
        "enum": list(get_args(Level)),
        "default": LEVEL,
        "required": False,
    },
    "agent_name": {
        "type": "string",
        "description": "Name that supervisors see; the agent's own unless given",
        "required": False,
    },
}


def one_of(name: str, value: object, allowed: dict[str, Choice]) -> Choice:
    """Return what a parameter means. Raises ValueError, which names what is allowed."""
    found = allowed.get(value) if isinstance(value, str) else None
    if found is None:
        choices = ", ".join(dict.fromkeys(allowed.values()))
        raise ValueError(f"monitoring: {name} {value!r} is not one of {choices}")
    return found


def ptime(value: object) -> int:
    """Return ``rtp_ptime`` if SignalWire takes it. Raises ValueError, which names what it takes."""
    if type(value) is not int or value not in PTIMES:
        raise ValueError(f"monitoring: rtp_ptime {value!r} is not one of 10, 20, … 120")
    return value


def yes_or_no(name: str, value: object) -> bool:
    """Return a parameter that is true or false. Raises ValueError for anything else."""
    if type(value) is not bool:
        raise ValueError(f"monitoring: {name} {value!r} is not true or false")
    return value


def level(value: object) -> Level:
    """Return ``level`` if SignalWire has it. Raises ValueError, which names what it has."""
    found = next((one for one in get_args(Level) if type(value) is int and one == value), None)
    if found is None:
        raise ValueError(f"monitoring: level {value!r} is not one of 1, 2")
    return cast("Level", found)
