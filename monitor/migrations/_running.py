"""Indexes that are added while the server runs."""

from __future__ import annotations

from typing import Any

from django.db import migrations


class AddIndexWhileRunning(migrations.AddIndex):
    """Adds an index without keeping anybody from writing, where the database can do that.

    PostgreSQL can, outside of a transaction: the migration needs ``atomic = False``.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            model = to_state.apps.get_model(app_label, self.model_name)
            schema_editor.add_index(model, self.index, concurrently=True)
        else:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
