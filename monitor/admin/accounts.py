"""The accounts: Django's own pages, with limits for administrators who are not superusers.

Such administrators manage accounts but give no rights. They cannot change an account that may do
more than their own, because whoever sets its password can sign in to it.
"""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth import admin as auth
from django.contrib.auth.forms import AdminPasswordChangeForm, SetUnusablePasswordMixin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import ManyToManyField, Prefetch, Q, QuerySet
from django.forms import CheckboxSelectMultiple, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from monitor.admin.log import Logged
from monitor.models import AdminAction, CallOrder, ListenSession
from monitor.services import groups, passwords, permissions, second_factor, stored_words

#: The permissions that Django makes for every model.
ON_A_MODEL = {
    "add": _("Can add %(model)s"),
    "change": _("Can change %(model)s"),
    "delete": _("Can delete %(model)s"),
    "view": _("Can view %(model)s"),
}
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")  # only superusers give them

#: What nobody needs to see or be permitted: django-allauth's tables, which hold secrets.
OF_ALLAUTH = ("account", "mfa")

admin.site.unregister([User, Group, EmailAddress, Authenticator])


class PermissionsField(ModelMultipleChoiceField):  # type: ignore[type-arg]  # no generic at run time
    """Permissions under their names in the reader's language. The database has them in English."""

    def label_from_instance(self, permission: Permission) -> str:
        return f"{permission.content_type} | {permission_name(permission)}"


class RolesField(ModelMultipleChoiceField):  # type: ignore[type-arg]  # as above
    """Roles, each with what its members may do."""

    def label_from_instance(self, group: Group) -> str:
        may = groups.abilities(group.permissions.all())
        return format_html("<strong>{}</strong> {}", group, ", ".join(may) or gettext("nothing"))


class NamedPermissions(admin.ModelAdmin):  # type: ignore[type-arg]  # as above
    """Offers permissions by their translated names."""

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: Any = None, **kwargs: Any
    ) -> Any:
        if db_field.related_model is Permission:
            kwargs["form_class"] = PermissionsField
            known = Permission.objects.exclude(content_type__app_label__in=OF_ALLAUTH)
            kwargs["queryset"] = known.select_related("content_type")
        if db_field.related_model is Group:
            kwargs |= {"form_class": RolesField, "widget": CheckboxSelectMultiple}
            kwargs["queryset"] = with_permissions(Group.objects.all())
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class AssignPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]  # no generic at run time
    """Sets another user's password, which that user must change after signing in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if usable := self.fields.get("usable_password"):
            # Django joins the two texts when it is imported, in no language of a reader.
            usable.help_text = format_html(
                '{}<ul id="id_unusable_warning" class="messagelist">'
                '<li class="warning">{}</li></ul>',
                SetUnusablePasswordMixin.usable_password_help_text,
                gettext("If disabled, the current password for this user will be lost."),
            )

    def save(self, commit: bool = True) -> Any:
        user = super().save(commit)
        passwords.mark_assigned(user)
        return user


@admin.register(User)
class UserAdmin(NamedPermissions, Logged, auth.UserAdmin):  # type: ignore[type-arg]  # as above
    """The list of users. A user's page offers the groups with what their members may do."""

    list_display = ("username", "id", "email", "first_name", "last_name", "is_active", "is_staff")
    change_password_form = AssignPasswordForm
    actions = ("take_away_second_factor",)

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
            passwords.mark_assigned(obj)

    @admin.action(
        description=_("Take away a lost second factor, and end the sessions"),
        permissions=["change"],
    )
    def take_away_second_factor(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """Let users who have lost their second factor sign in without it, and set up another."""
        taken = 0
        for user in chosen:
            if self.has_change_permission(request, user) and second_factor.take_away(user):
                self.log_change(request, user, stored_words.SECOND_FACTOR_TAKEN)
                taken += 1
        self.message_user(
            request,
            ngettext(
                "The second factor of %(n)s user was taken away.",
                "The second factors of %(n)s users were taken away.",
                taken,
            )
            % {"n": taken},
        )

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002  Django's name
        form_url: str = "",
    ) -> HttpResponse:
        if unquote(id) == str(request.user.pk):
            return redirect("password")  # this page asks for the old password
        return super().user_change_password(request, id, form_url)


@admin.register(Group)
class GroupAdmin(NamedPermissions, Logged, auth.GroupAdmin):
    """The list of groups, which only superusers change, because a group gives rights."""

    list_display = ("name", "members_may")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return with_permissions(super().get_queryset(request))

    @admin.display(description=_("its members may"))
    def members_may(self, group: Group) -> str:
        return ", ".join(groups.abilities(group.permissions.all()))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return is_superuser(request)


def with_permissions(rows: QuerySet[Group]) -> QuerySet[Group]:
    """Return groups that are read together with their permissions."""
    permissions_of = Permission.objects.select_related("content_type")
    return rows.prefetch_related(Prefetch("permissions", permissions_of))


def permission_name(permission: Permission) -> str:
    """Return what a permission allows, in the active language."""
    own = permission.content_type.app_label == "monitor"
    if own and (ability := groups.ABILITIES.get(permission.codename)):
        return gettext("Can %(ability)s") % {"ability": ability}
    model = permission.content_type.model_class()
    action, _, subject = permission.codename.partition("_")
    if model is None or action not in ON_A_MODEL or subject != permission.content_type.model:
        return gettext(permission.name)
    return ON_A_MODEL[action] % {"model": model._meta.verbose_name}


def is_superuser(request: HttpRequest) -> bool:
    """Return whether the request comes from an active superuser."""
    user = request.user
    return user.is_active and user.is_superuser


def is_below(request: HttpRequest, account: User | None) -> bool:
    """Return whether the request's user may do everything that an account may do, and sees all
    calls of its teams.

    An inactive account counts with all its rights, because it can be made active.
    """
    if account is None or is_superuser(request):
        return True
    if account.is_superuser or not rights_of(account) <= request.user.get_all_permissions():
        return False
    return permissions.scope_of(request.user).covers(permissions.scope_of_teams(account))


def rights_of(account: User) -> set[str]:
    """Return the permissions of an account and of its groups, as "app.codename"."""
    granted = Permission.objects.filter(Q(user=account) | Q(group__user=account))
    names = granted.order_by().values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in names}


def is_named_in_history(account: User) -> bool:
    """Return whether rows of the history have the account's name, which then cannot change.

    Somebody could otherwise rename the account, listen, and rename it back.
    """
    kept = (
        ListenSession.objects.filter(user=account),
        AdminAction.objects.filter(user=account),
        CallOrder.objects.filter(asked_by=account),
    )
    return any(rows.exists() for rows in kept)
