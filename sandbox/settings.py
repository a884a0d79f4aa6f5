"""What the sandbox runs with. It serves no real money, so it is open about its faults.

Every setting comes from an environment variable that begins with SANDBOX_.
"""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

BASE_DIR = Path(__file__).resolve().parent
env = environ.Env()

SECRET_KEY = env.str("SANDBOX_SECRET_KEY")
PUBLIC_URL = env.str("SANDBOX_PUBLIC_URL").rstrip("/")
ALLOWED_HOSTS = env.list(
    "SANDBOX_ALLOWED_HOSTS",
    default=[urlsplit(PUBLIC_URL).hostname or "", "localhost", "127.0.0.1", "[::1]", "sandbox"],
)
DATABASES = {"default": env.db_url("SANDBOX_DATABASE_URL")}

PSP_API_KEY = env.str("SANDBOX_PSP_API_KEY")
# Several, separated by commas, while the secret is being rotated: each signs.
PSP_WEBHOOK_SECRETS = env.list("SANDBOX_PSP_WEBHOOK_SECRET")

SHOP_BPS_URL = env.str("SANDBOX_SHOP_BPS_URL").rstrip("/")
SHOP_BPS_API_KEY = env.str("SANDBOX_SHOP_BPS_API_KEY")
SHOP_NOTIFICATION_SECRET = env.str("SANDBOX_SHOP_NOTIFICATION_SECRET")

DEBUG = False
INSTALLED_APPS = ["sandbox.shop", "sandbox.psp", "sandbox.issuer", "django.contrib.staticfiles"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "sandbox.urls"
WSGI_APPLICATION = "sandbox.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Requests that wait (a slow scenario) hand their connection back, so a few serve many threads.
DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {
        "pool": {"min_size": 1, "max_size": 10, "timeout": 15},
        "connect_timeout": 3,
        "options": "-c lock_timeout=10s -c statement_timeout=30s",
    }
)

LANGUAGE_CODE = "en"
# The languages that BPS's result page speaks; the shop asks for the shopper's among them.
LANGUAGES = [
    ("en", "English"),
    ("de", "German"),
    ("fr", "French"),
    ("es", "Spanish"),
    ("nl", "Dutch"),
    ("ar", "Arabic"),
]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True

CSRF_COOKIE_NAME = "sandbox_csrf"  # cookies know no ports, and BPS may live on the next one
CSRF_COOKIE_HTTPONLY = True
# No form-action: a click on Buy Now is redirected on to the merchant, wherever that is.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "style-src": [SELF],
        "img-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {
        # Errors that were asked for are answers like any other; exceptions are not.
        "exceptions_only": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: record.exc_info is not None,
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        "django.request": {"filters": ["exceptions_only"]},
        "urllib3": {"level": "ERROR"},
    },
}
