"""How people sign in: passwords, mail for a new one, the lock-out, and the second factor."""

from __future__ import annotations

import datetime

from monitor.env import mail_server, one_of
from monitor.env_addresses import host_of
from monitor.settings.environment import env
from monitor.settings.site import PUBLIC_URL, SECURE

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Where mail is sent, and from whom. Without a server, nobody can have a link for a new password.
EMAIL_URL = env.secret("EMAIL_URL", mail_server)
EMAIL_HOST, EMAIL_PORT = EMAIL_URL.get("EMAIL_HOST", ""), EMAIL_URL.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = EMAIL_URL.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = EMAIL_URL.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = EMAIL_URL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = EMAIL_URL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env.read("MAIL_FROM", f"earshot@{host_of(PUBLIC_URL)}", str)
PASSWORD_RESET_TIMEOUT = 30 * 60  # seconds for which the link holds

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "console"
LOGOUT_REDIRECT_URL = "login"
AXES_HANDLER = "monitor.web.lockout.LockOut"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = datetime.timedelta(hours=24)  # how long a failure counts
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # a try that is refused does not count
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "monitor.web.lockout.locked_out_page"
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "monitor.web.lockout.name_tried"
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username"]  # it may hold a password; addresses are not masked

# Who must sign in with a second factor: a code, a security key or a recovery code.
REQUIRE_SECOND_FACTOR = env.read(
    "REQUIRE_SECOND_FACTOR", "nobody", one_of("nobody", "administrators", "everybody")
)
# Of django-allauth only the second factor is used. monitor.urls names the pages that it has here.
ACCOUNT_ADAPTER = "monitor.web.second_factor.Accounts"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False  # monitor.web.lockout counts wrong codes together with wrong passwords
ACCOUNT_REAUTHENTICATION_METHODS = ["password"]
MFA_ADAPTER = "monitor.web.second_factor.Factors"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # no e-mail address is verified here
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Earshot"
MFA_TOTP_TOLERANCE = 1  # a code holds for 30 s before and after its own, as clocks differ
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE  # browsers allow it at http://localhost only
