"""What callers say who want a person in the place of the agent, in English and Spanish."""

from __future__ import annotations

import itertools

_ASKED_FOR = (
    (
        ("speak to", "speak with", "talk to", "talk with", "transfer me to", "connect me with"),
        (
            "a human",
            "a person",
            "a real person",
            "an actual person",
            "an agent",
            "an operator",
            "a representative",
            "a manager",
            "a supervisor",
            "your manager",
            "your supervisor",
        ),
    ),
    (
        ("hablar con", "páseme con", "pásame con", "comuníqueme con", "comunícame con"),
        (
            "una persona",
            "un humano",
            "un agente",
            "un asesor",
            "una asesora",
            "un operador",
            "una operadora",
            "un representante",
            "un supervisor",
            "un gerente",
            "el encargado",
            "su supervisor",
        ),
    ),
)

ASKS_FOR_A_HUMAN = (
    *(" ".join(said) for phrases in _ASKED_FOR for said in itertools.product(*phrases)),
    "human being",
    "real human",
    "real person",
    "human agent",
    "live agent",
    "live person",
    "representative",
    "ser humano",
    "persona real",
    "persona de verdad",
    "agente humano",
)
