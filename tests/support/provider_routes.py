"""The routes of the site as they are if OIDC_ISSUER is set."""

from __future__ import annotations

from monitor import urls
from monitor.web import provider_urls

urlpatterns = [*urls.urlpatterns, *provider_urls.urlpatterns]
handler400 = urls.handler400
