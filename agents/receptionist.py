"""The demo agent: a front desk that answers short questions and starts monitoring by itself."""

from __future__ import annotations

from signalwire import AgentBase

import agents.monitoring  # noqa: F401  registers the skill

TOKEN_LIFE = 12 * 3600  # seconds; in a longer call the tools stop working


class Receptionist(AgentBase):
    """The agent at ``/agents/receptionist``."""

    def __init__(self) -> None:
        super().__init__(
            name="receptionist", route="/agents/receptionist", token_expiry_secs=TOKEN_LIFE
        )
        self.add_language(name="English", code="en-US", voice="rime.spore")
        self.prompt_add_section(
            "Role",
            body="You are the receptionist of a small office building. You answer the phone in "
            "short, friendly sentences, one question at a time.",
        )
        self.prompt_add_section(
            "Rules",
            bullets=[
                "Begin by greeting the caller and saying that the call may be monitored, and use "
                "start_monitoring once while you do.",
                "The building is open on weekdays from eight to six, on Saturdays until one, and "
                "closed on Sundays.",
                "Parcels wait at the front desk for seven days; ask for the number on the card.",
                "To move an appointment, ask for the old day and the new one, and repeat both.",
                "If you do not know something, say so and offer that a colleague calls back.",
            ],
        )
        self.set_params({"end_of_speech_timeout": 700})  # milliseconds
        self.add_skill("monitoring", {"direction": "both", "notice": "announced"})
