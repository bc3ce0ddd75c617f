"""The forms that bring the answer of a security key, which may be anything that a client sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.forms import AddWebAuthnForm, AuthenticateWebAuthnForm


@contextmanager
def refusing_what_no_key_sends() -> Iterator[None]:
    """Refuse as a wrong answer what fido2 fails to read: it checks few types and keys itself."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise get_adapter().validation_error("incorrect_code") from error


class AddKeyForm(AddWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """Adds a key."""

    def clean(self) -> Any:
        with refusing_what_no_key_sends():
            return super().clean()


class UseKeyForm(AuthenticateWebAuthnForm):  # type: ignore[misc]  # as above
    """Signs in with a key."""

    def clean_credential(self) -> Any:
        with refusing_what_no_key_sends():
            return super().clean_credential()
