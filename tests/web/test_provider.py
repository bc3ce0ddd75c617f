"""Signing in with an identity provider, which runs, and is asked over HTTP."""

from __future__ import annotations

import json
import logging
import re
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client
from pytest_django import Settings

from monitor.models import LedgerKind, Team
from monitor.web import begun_sign_in
from monitor.web.pages import provider as pages
from tests.support.environment import free_port
from tests.support.ledger import entries, take_entries, take_no_entries
from tests.support.provider import SECRET, Provider, come_back, set_up_provider, sign_in
from tests.support.second_factors import add_app, code, is_signed_in, type_code

pytestmark = pytest.mark.django_db


def rights(name: str = "ann") -> tuple[set[str], set[str], bool]:
    """Return the roles and teams of a user, and whether the admin opens."""
    user = User.objects.get(username=name)
    roles, teams = (set(held.values_list("name", flat=True)) for held in (user.groups, user.teams))
    return roles, teams, user.is_staff


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


class TestSigningIn:
    def test_the_first_sign_in_makes_an_account_with_what_the_groups_give(
        self, client: Client, provider: Provider
    ) -> None:
        assert sign_in(client, provider, "a-1")["Location"] == "/"
        assert is_signed_in(client)
        assert rights() == ({"Supervisors"}, {"Sales"}, False)
        assert not User.objects.get(username="ann").has_usable_password()

    def test_the_button_leads_to_the_provider_and_back_to_the_page_one_came_for(
        self, client: Client, provider: Provider
    ) -> None:
        page = text_of(client.get("/login?next=/listened"))
        link = re.search(r'href="(/login/provider[^"]*)"> Sign in with Example Inc\.', page)
        assert link
        asked = client.get(link[1])["Location"]
        assert asked.startswith(f"{provider.url}/oauth2/authorize?")
        assert client.get(come_back(client, provider, "a-1", asked))["Location"] == "/listened"

    @pytest.mark.parametrize("prompt", ["", "login", "select_account"])
    def test_the_provider_is_told_what_to_ask(
        self, client: Client, provider: Provider, settings: Settings, prompt: str
    ) -> None:
        settings.OIDC_PROMPT = prompt
        asked = client.get("/login/provider")["Location"]
        assert parse_qs(urlsplit(asked).query).get("prompt", [""]) == [prompt]
        assert client.get(come_back(client, provider, "a-1", asked))["Location"] == "/"

    def test_no_page_of_others_is_opened(self, client: Client, provider: Provider) -> None:
        asked = client.get("/login/provider?next=https://evil.example/")["Location"]
        assert client.get(come_back(client, provider, "a-1", asked))["Location"] == "/"

    def test_the_same_person_has_the_same_account_whatever_the_name(
        self, client: Client, provider: Provider
    ) -> None:
        sign_in(client, provider, "a-1")
        provider.knows("a-1", preferred_username="ann.smith", groups=["desk"])
        sign_in(Client(), provider, "a-1")
        assert User.objects.count() == 1

    def test_groups_may_come_with_the_user_info_only(
        self, client: Client, provider: Provider
    ) -> None:
        provider.forge(groups=None, preferred_username=None)
        sign_in(client, provider, "a-1")
        assert rights() == ({"Supervisors"}, {"Sales"}, False)

    def test_a_provider_may_have_no_user_info(
        self, client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delitem(pages.provider()._client.load_server_metadata(), "userinfo_endpoint")
        sign_in(client, provider, "a-1")
        assert rights() == ({"Supervisors"}, {"Sales"}, False)

    def test_it_is_in_the_ledger_with_the_subject(self, client: Client, provider: Provider) -> None:
        sign_in(client, provider, "a-1")
        (entry,) = entries(LedgerKind.SIGNED_IN)
        assert (entry.username, json.loads(entry.details)) == ("ann", {"subject": "a-1"})

    def test_no_log_line_has_a_secret_of_it(
        self, client: Client, provider: Provider, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        back = come_back(client, provider, "a-1")
        state, nonce, verifier, _ = signing.loads(
            client.cookies["oidc"].value, salt=begun_sign_in.SALT
        )
        client.get(back)
        code = back.partition("code=")[2].partition("&")[0]
        assert not [one for one in (state, nonce, verifier, code, SECRET) if one in caplog.text]

    def test_the_session_is_as_old_as_its_sign_in(self, client: Client, provider: Provider) -> None:
        sign_in(client, provider, "a-1")
        assert "signed_in_at" in client.session
        client.post("/logout")
        assert not is_signed_in(client)


class TestRights:
    """What the provider's groups give is set at each sign-in, and nothing else is touched."""

    def test_what_a_group_gave_goes_with_it(self, client: Client, provider: Provider) -> None:
        sign_in(client, provider, "a-1")
        provider.knows("a-1", groups=["leads"])
        sign_in(Client(), provider, "a-1")
        assert rights() == ({"Supervisor leads"}, set(), True)
        provider.knows("a-1", groups=["desk"])
        sign_in(Client(), provider, "a-1")
        assert rights() == ({"Supervisors"}, {"Sales"}, False)

    def test_what_no_group_of_the_provider_gives_is_the_administrators(
        self, client: Client, provider: Provider
    ) -> None:
        sign_in(client, provider, "a-1")
        ann = User.objects.get(username="ann")
        ann.groups.add(Group.objects.get(name="Analysts"), Group.objects.get(name="Auditors"))
        Team.objects.create(name="Support").members.add(ann)
        sign_in(Client(), provider, "a-1")
        assert rights() == ({"Supervisors", "Analysts"}, {"Sales", "Support"}, False)

    def test_who_has_left_all_groups_keeps_nothing_and_is_refused(
        self, client: Client, provider: Provider
    ) -> None:
        sign_in(client, provider, "a-1")
        provider.knows("a-1", groups=["others"])
        again = Client()
        assert "no group that may use Earshot" in text_of(sign_in(again, provider, "a-1"))
        assert not is_signed_in(again)
        assert rights() == (set(), set(), False)

    def test_each_change_is_in_the_ledger_and_none_is_without_one(
        self, client: Client, provider: Provider
    ) -> None:
        sign_in(client, provider, "a-1")
        changed = [json.loads(one.details) for one in entries(LedgerKind.RIGHTS_CHANGED)]
        given = [one["added"] for one in changed if "added" in one]
        assert given == [["Supervisors"], ["Sales"]]
        before = len(entries(LedgerKind.RIGHTS_CHANGED))
        sign_in(Client(), provider, "a-1")
        assert len(entries(LedgerKind.RIGHTS_CHANGED)) == before

    def test_nobody_becomes_a_superuser(self, client: Client, provider: Provider) -> None:
        provider.knows("a-1", preferred_username="ann", groups=["leads"], is_superuser=True)
        sign_in(client, provider, "a-1")
        assert not User.objects.get(username="ann").is_superuser

    def test_a_role_that_is_not_there_gives_nothing(
        self, client: Client, provider: Provider
    ) -> None:
        Group.objects.get(name="Supervisors").delete()
        sign_in(client, provider, "a-1")
        assert rights() == (set(), {"Sales"}, False)


class TestRefused:
    def refused(self, client: Client, provider: Provider, subject: str = "a-1") -> tuple[str, str]:
        """Return what somebody who is refused is told, and why it is in the ledger."""
        answer = sign_in(client, provider, subject)
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert not is_signed_in(client)
        (entry,) = entries(LedgerKind.SIGN_IN_REFUSED)
        return text_of(answer), json.loads(entry.details)["why"]

    def test_without_a_group(self, client: Client, provider: Provider) -> None:
        provider.knows("z-1", preferred_username="zoe", groups=["others"])
        told, why = self.refused(client, provider, "z-1")
        assert "no group that may use Earshot" in told
        assert why == "groups"
        assert not User.objects.exists()

    def test_without_the_claim(self, client: Client, provider: Provider) -> None:
        provider.knows("z-1", preferred_username="zoe")
        told, why = self.refused(client, provider, "z-1")
        assert "does not say which groups you are in" in told
        assert why == "groups claim"

    def test_the_name_of_another_account_takes_nothing_over(
        self, client: Client, provider: Provider, alice: User
    ) -> None:
        provider.knows("m-1", preferred_username="Alice", groups=["leads"])
        told, why = self.refused(client, provider, "m-1")
        assert "has an account of your name" in told
        assert why == "name taken"
        assert rights("alice") == ({"Supervisors"}, set(), False)

    def test_nor_does_an_address(self, client: Client, provider: Provider, alice: User) -> None:
        User.objects.filter(pk=alice.pk).update(email="alice@example.com")
        provider.knows("m-1", email="alice@example.com", email_verified=True, groups=["leads"])
        sign_in(client, provider, "m-1")
        assert client.session["_auth_user_id"] != str(alice.pk)

    @pytest.mark.parametrize("name", ["", "a/b", "x" * 151, 7])
    def test_a_name_that_no_account_can_have(
        self, client: Client, provider: Provider, name: object
    ) -> None:
        provider.knows("z-1", preferred_username=name, groups=["desk"])
        assert self.refused(client, provider, "z-1")[1] == "name"

    def test_an_account_that_is_not_active(self, client: Client, provider: Provider) -> None:
        sign_in(Client(), provider, "a-1")
        User.objects.filter(username="ann").update(is_active=False)
        assert self.refused(client, provider)[1] == "inactive"

    @pytest.mark.parametrize("what", ["password", "superuser"])
    def test_an_account_that_an_administrator_has_taken_over(
        self, client: Client, provider: Provider, what: str
    ) -> None:
        sign_in(Client(), provider, "a-1")
        ann = User.objects.get(username="ann")
        if what == "password":
            ann.set_password("ann's password")
        else:
            ann.is_superuser = True
        ann.save()
        provider.knows("a-1", groups=[])
        assert self.refused(client, provider)[1] == "password"
        assert rights() == ({"Supervisors"}, {"Sales"}, False)

    def test_who_is_signed_in_as_somebody_else(
        self, client: Client, provider: Provider, alice: User
    ) -> None:
        client.force_login(alice)
        answer = sign_in(client, provider, "a-1")
        assert "somebody else than here" in text_of(answer)
        assert client.session["_auth_user_id"] == str(alice.pk)


class TestProof:
    """What does not prove who signs in is refused."""

    @pytest.mark.parametrize(
        "wrong",
        [
            {"nonce": "another"},
            {"nonce": None},
            {"aud": "another"},
            {"aud": ["earshot", "another"], "azp": "another"},
            {"iss": "https://evil.example"},
            {"exp": 1_700_000_000},
            {"sub": None},
            {"sub": "somebody-else"},  # than the user info is about
            {"key": "another"},
            {"alg": "none"},
            {"token": "none"},
        ],
        ids=str,
    )
    def test_a_forged_id_token(
        self, client: Client, provider: Provider, wrong: dict[str, Any]
    ) -> None:
        provider.forge(**wrong)
        answer = sign_in(client, provider, "a-1")
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "does not prove who you are" in text_of(answer)
        assert not User.objects.exists()
        (entry,) = entries(LedgerKind.SIGN_IN_REFUSED)
        assert json.loads(entry.details) == {"why": "proof"}

    def test_a_signature_that_proves_nothing_is_refused_even_if_it_is_offered(
        self, client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        offered = pages.provider()._client.load_server_metadata()
        name = "id_token_signing_alg_values_supported"
        monkeypatch.setitem(offered, name, ["none", "HS256", "RS256"])
        provider.forge(alg="none")
        assert sign_in(client, provider, "a-1").status_code == HTTPStatus.FORBIDDEN
        assert not is_signed_in(client)

    def test_a_subject_that_is_too_long(self, client: Client, provider: Provider) -> None:
        assert sign_in(client, provider, "x" * 256).status_code == HTTPStatus.FORBIDDEN

    def test_a_code_that_was_used(self, client: Client, provider: Provider) -> None:
        begun = client.cookies
        back = come_back(client, provider, "a-1")
        cookie = begun["oidc"].value
        client.get(back)
        thief = Client()
        thief.cookies["oidc"] = cookie
        assert thief.get(back).status_code == HTTPStatus.FORBIDDEN
        assert not is_signed_in(thief)

    def test_a_code_that_another_browser_was_given(
        self, client: Client, provider: Provider
    ) -> None:
        thief = Client()
        stolen = come_back(client, provider, "a-1").partition("code=")[2].partition("&")[0]
        asked = thief.get("/login/provider")["Location"]
        state = asked.partition("state=")[2].partition("&")[0]
        answer = thief.get(f"/login/provider/callback?code={stolen}&state={state}")
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert not is_signed_in(thief)

    @pytest.mark.parametrize("state", ["another", "", None])
    def test_a_forged_state(self, client: Client, provider: Provider, state: str | None) -> None:
        back = come_back(client, provider, "a-1").partition("&state=")[0]
        answer = client.get(back if state is None else f"{back}&state={state}")
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert "begun in another browser" in text_of(answer)
        assert not is_signed_in(client)

    def test_an_answer_in_a_browser_that_has_not_asked(
        self, client: Client, provider: Provider
    ) -> None:
        back = come_back(client, provider, "a-1")
        assert Client().get(back).status_code == HTTPStatus.BAD_REQUEST
        (entry,) = entries(LedgerKind.SIGN_IN_REFUSED)
        assert json.loads(entry.details) == {"why": "state"}

    def test_a_sign_in_that_was_begun_too_long_ago(
        self, client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        back = come_back(client, provider, "a-1")
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + begun_sign_in.MAX_AGE + 1)
        assert client.get(back).status_code == HTTPStatus.BAD_REQUEST

    def test_strangers_who_begin_leave_no_session(self, client: Client, provider: Provider) -> None:
        client.get("/login/provider")
        assert not Session.objects.exists()


class TestTrouble:
    def test_the_provider_signs_nobody_in(self, client: Client, provider: Provider) -> None:
        asked = client.get("/login/provider")["Location"]
        back = provider.answer(asked, action="deny")
        assert "error=access_denied" in back
        state = asked.partition("state=")[2].partition("&")[0]
        answer = client.get(f"/login/provider/callback?error=access_denied&state={state}")
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "Example Inc. has not signed you in" in text_of(answer)

    def test_it_is_away(self, client: Client, provider: Provider, settings: Settings) -> None:
        set_up_provider(settings, f"http://127.0.0.1:{free_port()}")
        answer = client.get("/login/provider")
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "does not answer at the moment" in text_of(answer)

    def test_it_goes_away_meanwhile(
        self, client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        back = come_back(client, provider, "a-1")
        known = pages.provider()._client.server_metadata
        away = f"http://127.0.0.1:{free_port()}/token"
        monkeypatch.setitem(known, "token_endpoint", away)
        assert client.get(back).status_code == HTTPStatus.SERVICE_UNAVAILABLE

    def test_it_is_of_another_issuer(
        self, client: Client, provider: Provider, settings: Settings
    ) -> None:
        set_up_provider(settings, provider.url.replace("127.0.0.1", "localhost") + "/")
        assert client.get("/login/provider").status_code == HTTPStatus.SERVICE_UNAVAILABLE

    def test_while_the_ledger_takes_no_entry_nobody_is_signed_in(
        self, client: Client, provider: Provider
    ) -> None:
        back = come_back(client, provider, "a-1")
        take_no_entries()
        assert client.get(back).status_code == HTTPStatus.SERVICE_UNAVAILABLE
        take_entries()
        assert not is_signed_in(client)
        assert not User.objects.exists()


class TestSecondFactor:
    @pytest.fixture(autouse=True)
    def _required(self, settings: Settings) -> None:
        settings.REQUIRE_SECOND_FACTOR = "everybody"

    def test_one_must_be_set_up_here_which_needs_no_password(
        self, client: Client, provider: Provider
    ) -> None:
        sign_in(client, provider, "a-1")
        assert client.get("/")["Location"] == "/second-factor"
        assert client.get("/second-factor/app").status_code == HTTPStatus.OK

    def test_who_signed_in_a_while_ago_proves_it_at_the_provider_again(
        self, client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sign_in(client, provider, "a-1")
        later = time.time() + 301
        monkeypatch.setattr(time, "time", lambda: later)
        leads = client.get("/second-factor/app")["Location"]
        assert leads == "/login/provider?next=%2Fsecond-factor%2Fapp"
        asked = client.get(leads)["Location"]
        assert "prompt=login" in asked
        monkeypatch.undo()
        back = client.get(come_back(client, provider, "a-1", asked))
        assert back["Location"] == "/second-factor/app"
        assert client.get("/second-factor/app").status_code == HTTPStatus.OK

    def test_it_is_asked_for_after_the_provider(self, client: Client, provider: Provider) -> None:
        sign_in(Client(), provider, "a-1")
        add_app(User.objects.get(username="ann"))
        assert sign_in(client, provider, "a-1")["Location"] == "/login/second-factor"
        assert not is_signed_in(client)
        type_code(client, code())
        assert is_signed_in(client)

    @pytest.mark.parametrize("claims", [{"amr": ["pwd", "mfa"]}, {"acr": "mfa"}])
    def test_the_providers_own_counts_if_the_settings_say_so(
        self, client: Client, provider: Provider, settings: Settings, claims: dict[str, Any]
    ) -> None:
        provider.knows("a-1", preferred_username="ann", groups=["desk"], **claims)
        sign_in(client, provider, "a-1")
        assert client.get("/")["Location"] == "/second-factor"
        settings.OIDC_SECOND_FACTOR = frozenset({"mfa"})
        client = Client()
        sign_in(client, provider, "a-1")
        assert client.get("/").status_code == HTTPStatus.OK

    def test_and_only_for_a_sign_in_that_had_one(
        self, client: Client, provider: Provider, settings: Settings
    ) -> None:
        settings.OIDC_SECOND_FACTOR = frozenset({"mfa"})
        provider.knows("a-1", preferred_username="ann", groups=["desk"], amr=["mfa"])
        sign_in(client, provider, "a-1")
        provider.knows("a-1", preferred_username="ann", groups=["desk"], amr=["pwd"])
        other = Client()
        sign_in(other, provider, "a-1")
        assert other.get("/")["Location"] == "/second-factor"
        assert client.get("/").status_code == HTTPStatus.OK
        sign_in(client, provider, "a-1")
        assert client.get("/")["Location"] == "/second-factor"
