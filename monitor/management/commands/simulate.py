"""``manage.py simulate``: make calls as SignalWire would."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor.audio.condition import Kind
from monitor.audio.g711 import CODECS
from monitor.models import Direction, Transport
from monitor.sim.call import APART, Script
from monitor.sim.fleet import Fleet, Plan
from monitor.sim.platform import Account
from monitor.sim.rest import Fault, RestApi
from monitor.sim.trouble import TROUBLES
from monitor.sim.voice import tone

NO_TROUBLE = "none"


class Command(BaseCommand):
    """Plays SignalWire. Exits with 1 if a call failed, unless ``--keep`` is given."""

    help = "Play SignalWire: call an agent, let it start a tap, and stream speech to the tap."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--calls", type=int, default=1, help="calls at once (default: 1)")
        parser.add_argument(
            "--seconds", type=float, default=30.0, help="length of a call (default: 30)"
        )
        _add_audio_arguments(parser)
        parser.add_argument(
            "--agent", default="receptionist", help="the agent that answers (default: receptionist)"
        )
        parser.add_argument(
            "--url", default=settings.PUBLIC_URL, help="URL of the service (default: PUBLIC_URL)"
        )
        parser.add_argument(
            "--disorder",
            type=int,
            metavar="SEED",
            help="have what is told of calls arrive late, doubled or not at all, and records "
            "before the last events; the same for each seed",
        )
        parser.add_argument(
            "--keep",
            action="store_true",
            help="replace every call that ends by a new one, until interrupted",
        )
        _add_rest_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["calls"] < 1 or options["seconds"] <= 0 or options["speed"] <= 0:
            raise CommandError("--calls, --seconds and --speed must be above 0")
        if options["untapped"] < 0:
            raise CommandError("--untapped must not be below 0")
        if options["tone"]:
            try:
                tone(options["tone"])
            except ValueError as error:
                raise CommandError(str(error)) from None
        if options["rest"] and not settings.SIGNALWIRE_API_TOKEN:
            raise CommandError("--rest needs SIGNALWIRE_API_TOKEN, as the server has it")
        account = Account(
            base_url=options["url"].rstrip("/"),
            agent=options["agent"],
            user=settings.SWML_BASIC_AUTH_USER,
            password=settings.SWML_BASIC_AUTH_PASSWORD,
            signing_key=settings.SIGNALWIRE_SIGNING_KEY,
            project_id=settings.SIGNALWIRE_PROJECT_ID,
            api_token=settings.SIGNALWIRE_API_TOKEN,
        )
        logging.getLogger("signalwire").setLevel(logging.WARNING)  # no line about its schema
        script = Script(
            options["direction"],
            options["codec"],
            options["speed"],
            options["tone"],
            options["transport"] or "",
            tuple(None if one == NO_TROUBLE else Kind(one) for one in options["trouble"]),
            options["disorder"],
            options["untapped"],
        )
        plan = Plan(options["calls"], options["seconds"])
        fault = Fault(options["rest_fault"]) if options["rest_fault"] else None
        fleet = Fleet(account, script, plan, self._say)
        api = RestApi(account, fleet.find, fault)
        asyncio.run(self._run(fleet, api, options["rest"], options["keep"]))
        if fleet.failed and not options["keep"]:
            raise CommandError(f"{fleet.failed} of {plan.calls} calls failed")

    async def _run(self, fleet: Fleet, api: RestApi, port: int | None, keep: bool) -> None:
        loop = asyncio.get_running_loop()

        def hang_up() -> None:
            """Let the calls end as calls do. A second signal then ends the program."""
            self._say("hanging up")
            fleet.hang_up.set()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, hang_up)
        async with api.serving(port) if port else contextlib.nullcontext():
            await (fleet.keep() if keep else fleet.once())

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _add_rest_arguments(parser: CommandParser) -> None:
    """Add what is served of SignalWire's REST API."""
    parser.add_argument(
        "--rest",
        type=int,
        metavar="PORT",
        help="serve SignalWire's REST API for these calls: SIGNALWIRE_SPACE=127.0.0.1:PORT",
    )
    parser.add_argument(
        "--rest-fault",
        choices=list(Fault),
        help="what is wrong with that API (default: nothing)",
    )


def _add_audio_arguments(parser: CommandParser) -> None:
    """Add the arguments that say what is sent, and how."""
    parser.add_argument(
        "--codec", choices=CODECS, help="codec to send (default: the one asked for)"
    )
    parser.add_argument(
        "--transport",
        choices=Transport.values,
        help="transport to ask for (default: the agent's)",
    )
    parser.add_argument(
        "--direction",
        choices=[*Direction.values, APART],
        default=Direction.BOTH,
        help="which side is tapped; apart: both, by a tap each (default: both)",
    )
    parser.add_argument(
        "--untapped",
        type=int,
        default=0,
        metavar="N",
        help="have no tap in every N-th call, of which only the words are told (default: in none)",
    )
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        help="times real time (default: 1); the server takes 60 s ahead",
    )
    parser.add_argument(
        "--tone", type=int, default=0, metavar="HZ", help="send this tone instead of speech"
    )
    parser.add_argument(
        "--trouble",
        choices=[NO_TROUBLE, *TROUBLES],
        nargs="+",
        default=[NO_TROUBLE],
        help="what is wrong with the calls; of several, each call has the next one (default: none)",
    )
