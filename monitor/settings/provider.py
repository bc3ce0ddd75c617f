"""The identity provider with which users sign in (OpenID Connect).

Without an issuer there is none: nothing of it is imported, and it has no route.
"""

from __future__ import annotations

from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured

from monitor.env import items, one_of
from monitor.env_addresses import host_of, issuer
from monitor.settings.environment import env
from monitor.wire import provider_groups

OIDC_ISSUER = env.read("OIDC_ISSUER", "", issuer)
OIDC_CLIENT_ID = env.read("OIDC_CLIENT_ID", "", str)
OIDC_CLIENT_SECRET = env.secret("OIDC_CLIENT_SECRET", str)
OIDC_SCOPES = env.read("OIDC_SCOPES", "openid profile email", str)
OIDC_GROUPS_CLAIM = env.read("OIDC_GROUPS_CLAIM", "groups", str)
# What the provider's groups give to their members here.
OIDC_GROUPS = env.read("OIDC_GROUPS", "", provider_groups.parse)
# The values of the claims amr and acr with which the provider says that it has asked for a second
# factor. Without any, REQUIRE_SECOND_FACTOR means one that is set up here.
OIDC_SECOND_FACTOR = frozenset(env.read("OIDC_SECOND_FACTOR", "", items))
# What the provider does with somebody whom it has signed in already: "login" has it ask for the
# password again, "select_account" with which account.
OIDC_PROMPT = env.read("OIDC_PROMPT", "", one_of("", "login", "select_account"))
OIDC_NAME = env.read("OIDC_NAME", host_of(OIDC_ISSUER) if OIDC_ISSUER else "", str)

if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET and OIDC_GROUPS.grants):
    raise ImproperlyConfigured(
        "OIDC_ISSUER needs OIDC_CLIENT_ID, OIDC_CLIENT_SECRET (or OIDC_CLIENT_SECRET_FILE) and "
        "OIDC_GROUPS: without groups nobody could sign in"
    )
if OIDC_ISSUER and "openid" not in OIDC_SCOPES.split():
    raise ImproperlyConfigured(f"OIDC_SCOPES={OIDC_SCOPES!r}: one of them must be openid")
if OIDC_ISSUER and find_spec("authlib") is None:
    raise ImproperlyConfigured(
        "OIDC_ISSUER needs Authlib: run script/setup --sso, or install requirements-sso.lock"
    )
