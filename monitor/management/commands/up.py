"""``manage.py up``: run everything on one machine (Valkey, Daphne, rtptaps, the demo)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor.servers import demo
from monitor.servers.children import LaunchError
from monitor.servers.launch import DEMO_CALLS, Launch


class Command(BaseCommand):
    """Runs the processes until Ctrl-C, which ends all of them."""

    help = "Run Valkey (unless REDIS_URL is set), Daphne, rtptaps and the demo calls."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--no-demo", action="store_true", help="run without demo calls and demo users"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        launch = Launch(options["host"], options["port"])
        passwords: dict[str, str] = {}
        try:
            launch.prepare(demo=not options["no_demo"])
            launch.serve()
            if not options["no_demo"]:
                passwords = demo.ensure_users()
                launch.simulate()
            self._say(launch, passwords)
            launch.watch()
        except LaunchError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self.stdout.write("\nEnding…")
        finally:
            launch.stop()
            if passwords:
                demo.lock_users()
        self.stdout.write("Everything has ended.")

    def _say(self, launch: Launch, passwords: dict[str, str]) -> None:
        redis = "your REDIS_URL" if settings.REDIS_URL else "an embedded Valkey"
        url = launch.public_url
        lines = ["", f"Earshot runs at {url}  (Daphne, {redis})", ""]
        if passwords:
            lines += [
                f"  Listen:   open {url}/",
                f"            sign in as {demo.SUPERVISOR!r}, "
                f"password {passwords[demo.SUPERVISOR]}",
                f"  History:  open {url}/admin/",
                f"            sign in as {demo.ADMINISTRATOR!r}, "
                f"password {passwords[demo.ADMINISTRATOR]}",
                "",
                f"The simulator keeps {DEMO_CALLS} calls alive; the first are there in a moment.",
            ]
        else:
            lines += [
                f"  Open {url}/ once you have a user:",
                "  .venv/bin/python manage.py createsuperuser",
            ]
        lines += [f"Logs are in {settings.VAR_DIR}. Ctrl-C ends everything.", ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()  # a file would get it only at the end
