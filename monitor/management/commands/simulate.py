"""``manage.py simulate``: calls, as SignalWire would make them."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor.sim.call import Script
from monitor.sim.fleet import Fleet, Plan
from monitor.sim.platform import Account
from monitor.sim.voice import tone


class Command(BaseCommand):
    """Exit status 1 when a call failed, but not with ``--keep``."""

    help = "Play SignalWire: call an agent, let it start a tap, stream speech to it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--calls", type=int, default=1, help="calls at once (1)")
        parser.add_argument("--seconds", type=float, default=30.0, help="length of a call (30)")
        parser.add_argument(
            "--codec", choices=("PCMU", "PCMA"), help="send this (what the agent asks for)"
        )
        parser.add_argument(
            "--transport", choices=("ws", "rtp"), help="ask for this transport (the agent's)"
        )
        parser.add_argument(
            "--direction", choices=("both", "speak", "listen"), default="both", help="leg (both)"
        )
        parser.add_argument(
            "--speed", type=float, default=1.0, help="times real time; the server takes 60 s ahead"
        )
        parser.add_argument("--tone", type=int, default=0, metavar="HZ", help="instead of speech")
        parser.add_argument("--agent", default="receptionist", help="who answers (receptionist)")
        parser.add_argument("--url", default=settings.PUBLIC_URL, help="the service (PUBLIC_URL)")
        parser.add_argument(
            "--keep", action="store_true", help="keep that many calls alive until interrupted"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["calls"] < 1 or options["seconds"] <= 0 or options["speed"] <= 0:
            raise CommandError("--calls, --seconds and --speed must be above 0")
        if options["tone"]:
            try:
                tone(options["tone"])
            except ValueError as error:
                raise CommandError(str(error)) from None
        account = Account(
            base_url=options["url"].rstrip("/"),
            agent=options["agent"],
            user=settings.SWML_BASIC_AUTH_USER,
            password=settings.SWML_BASIC_AUTH_PASSWORD,
            signing_key=settings.SIGNALWIRE_SIGNING_KEY,
            project_id=settings.SIGNALWIRE_PROJECT_ID,
        )
        logging.getLogger("signalwire").setLevel(logging.WARNING)  # the SDK's schema, read here
        script = Script(
            options["direction"],
            options["codec"],
            options["speed"],
            options["tone"],
            options["transport"] or "",
        )
        plan = Plan(options["calls"], options["seconds"])
        failed = asyncio.run(self._run(account, script, plan, options["keep"]))
        if failed and not options["keep"]:
            raise CommandError(f"{failed} of {plan.calls} calls failed")

    async def _run(self, account: Account, script: Script, plan: Plan, keep: bool) -> int:
        fleet = Fleet(account, script, plan, self._say)
        loop = asyncio.get_running_loop()

        def hang_up() -> None:
            """Let the calls end as calls do; a second signal ends the program."""
            self._say("hanging up")
            fleet.hang_up.set()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, hang_up)
        await (fleet.keep() if keep else fleet.once())
        return fleet.failed

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
