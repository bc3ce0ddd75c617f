"""What Django is made of here: apps, middleware, templates, languages and static files."""

from __future__ import annotations

from monitor.env import directory
from monitor.settings.environment import BASE_DIR, env
from monitor.settings.site import DEBUG

INSTALLED_APPS = [
    "monitor.apps.GuardedAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "monitor.apps.SignInsConfig",
    "monitor.apps.MonitorConfig",
]

MIDDLEWARE = [
    "monitor.web.turnstile.Middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "monitor.web.session_age.middleware",
    "monitor.web.language.LanguageMiddleware",
    "monitor.web.zone.middleware",
    "monitor.web.probes.middleware",  # before CommonMiddleware, which checks the host
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "monitor.web.acting.middleware",
    "monitor.web.password_change.PasswordChangeRequired",
    "monitor.web.second_factor.SecondFactorRequired",
    "monitor.web.not_recorded.NotRecorded",
    "django.contrib.messages.middleware.MessageMiddleware",
    "monitor.web.known_device.middleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "monitor.urls"
ASGI_APPLICATION = "monitor.asgi.application"
APPEND_SLASH = False  # a redirected webhook would no longer match its signature

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            # Every template of ours has words.
            "builtins": ["django.templatetags.i18n"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "monitor.web.admin_site.for_templates",
                "monitor.web.catalogue.for_templates",
                "monitor.web.pages.user_settings.for_templates",
            ],
        },
    }
]

#: The languages of the pages, each under its own name. monitor/locale has what they say.
LANGUAGES = [("en", "English"), ("es", "Español")]
LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "monitor" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env.read("STATIC_ROOT", str(BASE_DIR / "staticfiles"), directory)
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "monitor.staticfiles.ModuleManifestStorage"
    },
}
