"""Static files with their content's hash in their names, ES modules included."""

from __future__ import annotations

from django.contrib.staticfiles.storage import staticfiles_storage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Rewrites ``import … from "./x.js";`` too; an import without the semicolon
    would silently keep its unhashed name."""

    support_js_module_import_aggregation = True
    #: Each pass settles the names of the modules whose imports have settled, so there must be as
    #: many as the longest chain of imports is long. Django's 5 are meant for style sheets.
    max_post_process_passes = 20


def build() -> str:
    """Name the static files that this process serves, so that a page can tell whether it is
    older than the server: a digest of all of them, or "" where they have none (``DEBUG``)."""
    return str(getattr(staticfiles_storage, "manifest_hash", ""))
