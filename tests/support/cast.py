"""Test clients of signed-in users."""

from __future__ import annotations

from django.contrib.auth.models import Permission, User
from django.test import Client


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


PASSWORD = "a-secret-that-nobody-may-see"


def permit(user: User, *codenames: str) -> None:
    """Give a user permissions beside those of its groups."""
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
