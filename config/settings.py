"""What BPS runs with: every setting, read from the environment variables of `.env.example`.

A start with missing or wrong variables fails here, and names all of them at once.
"""

import logging
from pathlib import Path

from csp.constants import NONE, SELF

from config.broker import broker_url
from config.environment import Environment
from config.logging import configure_logging
from config.psps import read_psp_settings

SHORTEST_SECRET_KEY = 50  # what Django's own deployment check asks for
BASE_DIR = Path(__file__).resolve().parent.parent
environment = Environment()

DEBUG = environment.flag("DEBUG", default=False)
SECRET_KEY = environment.text("SECRET_KEY")
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS")
DATABASES = {"default": environment.database("DATABASE_URL")}
REDIS_URL = environment.redis_url("REDIS_URL")

BPS_PUBLIC_URL = environment.origin("BPS_PUBLIC_URL")
BPS_BEHIND_TLS_PROXY = environment.flag("BPS_BEHIND_TLS_PROXY", default=False)
BPS_PSPS = environment.words("BPS_PSPS")
BPS_BUY_NOW_BUDGET_SECONDS = environment.positive("BPS_BUY_NOW_BUDGET_SECONDS", 3)
BPS_PSP_CONNECT_TIMEOUT_SECONDS = environment.positive("BPS_PSP_CONNECT_TIMEOUT_SECONDS", 3)
BPS_PSP_MONEY_TIMEOUT_SECONDS = environment.positive("BPS_PSP_MONEY_TIMEOUT_SECONDS", 20)
BPS_PSP_LOOKUP_TIMEOUT_SECONDS = environment.positive("BPS_PSP_LOOKUP_TIMEOUT_SECONDS", 10)
BPS_LEASE_SECONDS = environment.positive("BPS_LEASE_SECONDS", 90)
BPS_SWEEP_SECONDS = environment.positive("BPS_SWEEP_SECONDS", 2)
BPS_SCHEDULE_SPEED = environment.positive("BPS_SCHEDULE_SPEED", 1)
BPS_FEE_LIMIT_PERCENT = environment.positive("BPS_FEE_LIMIT_PERCENT", 5)
BPS_FEE_LIMIT_FIXED = environment.positive("BPS_FEE_LIMIT_FIXED", 0.5)
BPS_NOTIFY_PRIVATE_ADDRESSES = environment.flag("BPS_NOTIFY_PRIVATE_ADDRESSES", default=False)
BPS_STATEMENT_TIMEOUT_SECONDS = environment.whole("BPS_STATEMENT_TIMEOUT_SECONDS", 30)
BPS_CRASH_AT = environment.text("BPS_CRASH_AT", "")
BPS_MONEY_NEEDS_SECOND_FACTOR = environment.flag("BPS_MONEY_NEEDS_SECOND_FACTOR", default=True)

SANDBOX_PSP_ALLOWED = environment.flag("SANDBOX_PSP_ALLOWED", default=False)
# STRIPE_API_KEY and so on: what the clients of the PSPs in use list, and nothing of the others.
globals().update(read_psp_settings(environment, BPS_PSPS, debug=DEBUG))

environment.require(
    "BPS_LEASE_SECONDS",
    BPS_LEASE_SECONDS > BPS_PSP_CONNECT_TIMEOUT_SECONDS + BPS_PSP_MONEY_TIMEOUT_SECONDS,
    "must outlast a PSP call (connect and money timeout), or the call would be made twice",
)
if not DEBUG:
    why = "must be on to use the sandbox PSP, which takes no real money, while DEBUG is off"
    environment.require(
        "SANDBOX_PSP_ALLOWED", SANDBOX_PSP_ALLOWED or "sandbox" not in BPS_PSPS, why
    )
    why = "must have 50 characters or more while DEBUG is off"
    environment.require("SECRET_KEY", len(SECRET_KEY) >= SHORTEST_SECRET_KEY, why)
    why = "must be https while DEBUG is off"
    environment.require("BPS_PUBLIC_URL", BPS_PUBLIC_URL.startswith("https://"), why)
    why = "must be 1 while DEBUG is off"
    environment.require("BPS_SCHEDULE_SPEED", BPS_SCHEDULE_SPEED == 1, why)
    environment.require("BPS_CRASH_AT", not BPS_CRASH_AT, "must be empty while DEBUG is off")
    why = "must be on while DEBUG is off"
    environment.require("BPS_MONEY_NEEDS_SECOND_FACTOR", BPS_MONEY_NEEDS_SECOND_FACTOR, why)
environment.refuse_faults()

INSTALLED_APPS = [
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "payments",
    "dashboard",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework_api_key",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "csp",
    "django_structlog",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "config.request_id.RequestIdMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES["default"]["CONN_MAX_AGE"] = None
# Without the check the first request after a restart of PostgreSQL fails.
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["OPTIONS"] |= {
    "connect_timeout": 2,
    "options": (
        # Any place of today's storage is read alike. By PostgreSQL's guess, of turning disks, it
        # would sooner read a table through than look up a thousand rows.
        "-c random_page_cost=1.1"
        f" -c statement_timeout={BPS_STATEMENT_TIMEOUT_SECONDS}s"
        " -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
    ),
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_BACKEND = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
    if DEBUG
    else "whitenoise.storage.CompressedManifestStaticFilesStorage"
)
STORAGES = {"staticfiles": {"BACKEND": STATICFILES_BACKEND}}
WHITENOISE_USE_FINDERS = DEBUG

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/mid-office/login/"
LOGIN_REDIRECT_URL = "/mid-office/"
LOGOUT_REDIRECT_URL = LOGIN_URL

# How staff log in (docs/decisions/0014). Superusers make staff: nobody signs up, no mail is sent.
ACCOUNT_ADAPTER = "dashboard.security.adapters.StaffAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True  # for as long as SESSION_COOKIE_AGE says
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",  # the key is a user name, or whose second factor it is
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BPS_BEHIND_TLS_PROXY else 0
MFA_ADAPTER = "dashboard.security.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RATE_LIMITS = {"webauthn_login": "10/m/ip"}
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are not used at all
MFA_TOTP_ISSUER = "BPS"
MFA_TOTP_TOLERANCE = 0  # a code is remembered for one period: in a second one it could be replayed
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # a finger or PIN: a passkey stands for two factors
# The counters of these limits, and codes that were used, alike for all web processes. Nothing else
# is cached. Were there too few places, somebody could push the counters out by filling them.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "dashboard_login_counter",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

# Plain http is for development alone, where browsers would drop secure cookies.
SECURE_SSL_REDIRECT = not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BPS_BEHIND_TLS_PROXY else None
SESSION_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_NAME = "session" if DEBUG else "__Host-session"
SESSION_COOKIE_AGE = 12 * 3600  # a long shift in the mid-office
CSRF_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_NAME = "csrf" if DEBUG else "__Host-csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [BPS_PUBLIC_URL]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}
# Checkouts are JSON of a few kilobytes; the views refuse more, this bounds what is read at all.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["payments.api.parsers.StrictJSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["payments.api.auth.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["payments.api.auth.ShopPermission"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "payments.api.problems.problem_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "BPS API",
    "DESCRIPTION": "Register a checkout at a PSP, press Buy Now once, and learn what became of it.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A request that sends a hint must not wait for a broker that hangs.
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "visibility_timeout": 600,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 120
CELERY_TASK_TIME_LIMIT = 150  # well below the visibility timeout, or a task would run twice
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A PSP call that loses the broker is still on the wire: cancelling it would put money in doubt.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "payments.tasks.sweep",
        "schedule": BPS_SWEEP_SECONDS,
        # While no worker listens, one waiting sweep is as good as a thousand.
        "options": {"expires": 5 * BPS_SWEEP_SECONDS},
    },
    "check_invariants": {
        "task": "payments.tasks.check_invariants",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "tally_hours": {
        "task": "payments.tasks.tally_hours",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "prune": {"task": "payments.tasks.prune", "schedule": 3600.0, "options": {"expires": 3600}},
    # Each hour, because a day that has its run is left alone, and one that beat missed is not lost.
    "reconcile": {
        "task": "payments.tasks.reconcile_nightly",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}

DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_CELERY_DEFAULT_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
# Who someone is stays out of the logs: acts of staff are in the timeline, with their names.
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_USER_ID_FIELD = ""
LOGGING = configure_logging(readable=DEBUG)
