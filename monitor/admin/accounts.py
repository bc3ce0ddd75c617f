"""The accounts: Django's own pages, with limits for administrators who are not superusers.

They keep accounts, but hand out no rights, and touch no account that may do more than
their own: whoever sets its password can sign in to it.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth import admin as auth
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from .. import passwords
from ..models import AdminAction, ListenSession
from .log import Logged

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")  # superusers give them

admin.site.unregister([User, Group])


class AssignPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]  # no generic at run time
    """Sets another user's password, which that user has to change."""

    def save(self, commit: bool = True) -> Any:
        user = super().save(commit)
        passwords.assigned(user)
        return user


@admin.register(User)
class UserAdmin(Logged, auth.UserAdmin):  # type: ignore[type-arg]  # as above
    """A user put into the group Supervisors may listen."""

    list_display = ("username", "id", "email", "first_name", "last_name", "is_active", "is_staff")
    change_password_form = AssignPasswordForm

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        rights = () if is_superuser(request) else RIGHTS
        name = ("username",) if obj is not None and is_named_in_history(obj) else ()
        return (*super().get_readonly_fields(request, obj), *rights, *name)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and is_below(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and is_below(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            passwords.assigned(obj)

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002  Django's name
        form_url: str = "",
    ) -> HttpResponse:
        if unquote(id) == str(request.user.pk):
            return redirect(passwords.PAGE)  # which asks for the old one
        return super().user_change_password(request, id, form_url)


@admin.register(Group)
class GroupAdmin(Logged, auth.GroupAdmin):
    """What the users of a group may do; for superusers, since it hands out rights."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return is_superuser(request)


def is_superuser(request: HttpRequest) -> bool:
    """Whether the request comes from a superuser who may sign in."""
    user = request.user
    return user.is_active and user.is_superuser


def is_below(request: HttpRequest, account: User | None) -> bool:
    """Whether an account may do nothing that the request's user may not do too.

    An account that is not active counts with all its rights, for it can be made active.
    """
    if account is None or is_superuser(request):
        return True
    return not account.is_superuser and rights_of(account) <= request.user.get_all_permissions()


def rights_of(account: User) -> set[str]:
    """The permissions of an account and of its groups, as "app.codename"."""
    granted = Permission.objects.filter(Q(user=account) | Q(group__user=account))
    names = granted.order_by().values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in names}


def is_named_in_history(account: User) -> bool:
    """Whether rows of the history bear the account's name, which is then fixed.

    Somebody could otherwise rename the account, listen, and rename it back.
    """
    kept = (ListenSession, AdminAction)
    return any(rows.objects.filter(user=account).exists() for rows in kept)
