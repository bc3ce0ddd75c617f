"""An identity provider: ``python -m tests.support.provider_process <client ID> <client secret>``.

It is oidc-provider-mock, which does discovery, the sign-in form, codes, signed ID tokens and user
info. Added are what it does not check, PKCE and that a code comes with the client's secret, and
``PUT /forge``, which says what is wrong with the ID tokens from then on. It prints its port.
"""

from __future__ import annotations

import base64
import hashlib
import os
import sys
from typing import Any

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # before it is imported; it serves this machine only

import flask
import oidc_provider_mock
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

challenges: dict[str, str] = {}  # of the codes that were given
forged: dict[str, Any] = {}


def forge() -> str:
    """Take what is to be wrong: claims, of which null is none, ``key``, ``alg``, or that there is
    no ``token``."""
    forged.clear()
    forged.update(flask.request.get_json())
    return ""


def check_token_request() -> Any:
    """Refuse a code that comes without the verifier of its challenge, or the client's secret."""
    if flask.request.path != "/oauth2/token":
        return None
    sent = flask.request.form
    basic = flask.request.authorization
    client = (basic.username, basic.password) if basic else (None, None)
    digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    known = challenges.pop(sent.get("code", ""), None)
    if client != tuple(sys.argv[1:]) or challenge != known:
        return {"error": "invalid_grant"}, 400
    return None


def remember_challenge(response: flask.Response) -> flask.Response:
    """Keep the challenge of a code that is given. Without one, no code is."""
    asked = flask.request.args
    if flask.request.path != "/oauth2/authorize" or "code=" not in (response.location or ""):
        return response
    if asked.get("code_challenge_method") != "S256":
        return flask.Response("no challenge", 400)
    code = str(response.location).partition("code=")[2].partition("&")[0]
    challenges[code] = asked["code_challenge"]
    return response


def change_token(response: flask.Response) -> flask.Response:
    """Put another ID token in the place of the right one, if one was asked for."""
    token = response.get_json(silent=True) if flask.request.path == "/oauth2/token" else None
    if token and "id_token" in token and forged:
        token["id_token"] = changed(token["id_token"])
        if forged.get("token") == "none":
            del token["id_token"]
        response.set_data(flask.json.dumps(token))
    return response


def changed(id_token: str) -> str:
    """Return an ID token with what is to be wrong, signed with the provider's key or another."""
    own = flask.g.oidc_provider_mock_storage.jwk.as_dict(is_private=True)
    key = RSAKey.import_key(own)
    claims = jwt.decode(id_token, key).claims
    for name in forged.keys() - {"key", "alg", "token"}:
        claims.pop(name, None)
        if forged[name] is not None:
            claims[name] = forged[name]
    if forged.get("key") == "another":
        key = RSAKey.generate_key(2048)
    if forged.get("alg") == "none":
        _, body, _ = jwt.encode({"alg": "RS256"}, claims, key).split(".")
        head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
        return f"{head}.{body}."
    return jwt.encode({"alg": "RS256"}, claims, key)


def main() -> None:
    app = oidc_provider_mock.app()
    app.add_url_rule("/forge", view_func=forge, methods=["PUT"])
    app.before_request(check_token_request)
    app.after_request(remember_challenge)
    app.after_request(change_token)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
