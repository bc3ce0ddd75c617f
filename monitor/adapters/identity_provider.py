"""Speaks to the identity provider with which users sign in (OpenID Connect Core 1.0).

Authlib does the work. It is in requirements-sso.txt, and imported only if OIDC_ISSUER is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from authlib.integrations.django_client import OAuth, OAuthError
from joserfc.errors import JoseError
from requests import RequestException

from monitor.wire.provider_person import Person, person_of

TIMEOUT = 5  # seconds for each of up to four requests of a sign-in
#: Signatures that only the provider can make. "none" is none, and the key of HMAC is the client's.
SIGNATURES = frozenset(
    f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)
) | {"EdDSA", "Ed25519"}


class ProviderAway(Exception):
    """The provider does not answer, or not as the provider of this issuer does."""


class NotProven(Exception):
    """What the provider answered does not prove who signs in."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that the provider was asked for: the browser goes to ``url`` next."""

    url: str
    state: str
    nonce: str
    verifier: str


class IdentityProvider:
    """The provider of one issuer. What it publishes about itself is read once."""

    def __init__(
        self, issuer: str, client_id: str, client_secret: str, scopes: str, groups_claim: str
    ) -> None:
        self._issuer = issuer
        self._groups_claim = groups_claim
        self._client: Any = OAuth().register(
            "oidc",
            client_id=client_id,
            client_secret=client_secret,
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": scopes,
                "code_challenge_method": "S256",
                "default_timeout": TIMEOUT,
            },
        )

    def begin(self, callback: str, prompt: str) -> Begun:
        """Return where a browser signs in, so that it comes back to ``callback``.

        ``prompt`` is what the provider is to ask whom it has signed in already; "" leaves that to
        it. Raises ProviderAway.
        """
        more = {"prompt": prompt} if prompt else {}
        with _as_our_errors():
            self._check_metadata()
            made = self._client.create_authorization_url(callback, **more)
        return Begun(made["url"], made["state"], made["nonce"], made["code_verifier"])

    def finish(self, code: str, callback: str, nonce: str, verifier: str) -> Person:
        """Return who has signed in, for the code that the browser brought back.

        Raises ProviderAway or NotProven.
        """
        with _as_our_errors():
            self._check_metadata()
            token = self._client.fetch_access_token(callback, code=code, code_verifier=verifier)
            if "id_token" not in token:
                raise NotProven("there is no ID token")
            claims = dict(self._client.parse_id_token(token, nonce))
            claims = {**self._more_about(claims["sub"], token), **claims}
        try:
            return person_of(claims, self._groups_claim)
        except ValueError as error:
            raise NotProven(str(error)) from None

    def _more_about(self, subject: str, token: Any) -> dict[str, Any]:
        """Return what the provider's endpoint for it says of a person, if it has one."""
        if "userinfo_endpoint" not in self._client.load_server_metadata():
            return {}
        told = dict(self._client.userinfo(token=token))
        if told.get("sub") != subject:
            raise NotProven("the user info is about somebody else")
        return told

    def _check_metadata(self) -> None:
        """Read what the provider publishes about itself, and leave out signatures that prove
        nothing."""
        metadata = self._client.load_server_metadata()
        if str(metadata.get("issuer", "")).rstrip("/") != self._issuer:
            raise ProviderAway("the provider is of another issuer")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        usable = [one for one in offered if one in SIGNATURES]
        metadata["id_token_signing_alg_values_supported"] = usable or ["RS256"]


@contextmanager
def _as_our_errors() -> Iterator[None]:
    """Raise ProviderAway and NotProven in the place of what Authlib and requests raise."""
    try:
        yield
    except (OAuthError, JoseError) as error:
        raise NotProven(f"{type(error).__name__}: {getattr(error, 'error', '')}") from error
    except (RequestException, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ProviderAway(type(error).__name__) from error
