"""Static files with their content's hash in their names, ES modules included."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Rewrites ``import … from "./x.js";`` too; an import without the semicolon
    would silently keep its unhashed name."""

    support_js_module_import_aggregation = True
