"""``manage.py connectaccount``: have somebody sign in to an account with the identity provider."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor.services import ledger, provider_accounts


class Command(BaseCommand):
    """Takes the account's password away, which ends its sessions."""

    help = (
        "Connect an account with a person at the identity provider, who then signs in to it there "
        "and no longer with a password."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="the name of the account")
        parser.add_argument(
            "subject", help="the person's “sub” at the provider, which the ledger has of a refusal"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.OIDC_ISSUER:
            raise CommandError("no OIDC_ISSUER is set")
        users = get_user_model()._default_manager
        user = users.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"there is no account {options['username']}")
        try:
            provider_accounts.connect(user, options["subject"])
        except (provider_accounts.CannotConnect, ledger.NotWritten) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{options['username']} signs in with {settings.OIDC_ISSUER} now")
