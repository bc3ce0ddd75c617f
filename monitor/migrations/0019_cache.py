"""Make the table of Django's cache, in which codes are remembered that were used."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.db import migrations


def make_table(apps: Any, editor: Any) -> None:
    call_command("createcachetable", database=editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("monitor", "0018_pauses")]

    operations = [migrations.RunPython(make_table, migrations.RunPython.noop)]
