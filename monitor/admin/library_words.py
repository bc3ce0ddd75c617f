"""Words of libraries that have no Spanish of their own.

The libraries hand these texts to Django's i18n themselves. They are listed so that
``script/messages`` puts them into our catalogues.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

DJANGO_AXES = (
    _("access attempt"),
    _("access attempts"),
    _("access attempt expiration"),
    _("access attempt expirations"),
    _("access failure"),
    _("access failures"),
    _("access log"),
    _("access logs"),
    _("Access lock out"),
    _("Attempt Time"),
    _("Expires At"),
    _("Failed Logins"),
    _("Form Data"),
    _("GET Data"),
    _("HTTP Accept"),
    _("IP Address"),
    _("Locked Out"),
    _("Logout Time"),
    _("Meta Data"),
    _("Not set"),
    _("Path"),
    _("POST Data"),
    _("Session key hash (sha256)"),
    _("User Agent"),
    _("Username"),
)
#: Under these labels Django's history names the fields of accounts that were changed. It knows
#: them in lower case only.
DJANGO_LABELS = (
    _("Active"),
    _("Date joined"),
    _("Email address"),
    _("First name"),
    _("Groups"),
    _("Last login"),
    _("Last name"),
    _("Name"),
    _("Permissions"),
    _("Staff status"),
    _("Superuser status"),
    _("User permissions"),
)
