"""Settings of the test shop: a plain django-oscar with oscarapi on SQLite, as their documentations set one up.

`SHOP_FOLDER` names where its database lies; `SHOP_OPTIONS` holds settings to replace or add, as JSON.
"""
# mypy: ignore-errors

from __future__ import annotations

import json
import os

from oscar.defaults import *  # noqa: F403

_FOLDER = os.environ["SHOP_FOLDER"]


def _own(names: str, *, under: str = "") -> list[str]:
    """Oscar's own applications, in its spelling: `basket` is oscar.apps.basket.apps.BasketConfig."""
    found = []
    for name in names.split():
        module, _, word = name.partition(":")
        word = word or module.title().replace("_", "").replace(".", "")
        found.append(f"oscar.apps.{under}{module}.apps.{word}{'Dashboard' if under else ''}Config")
    return found


SECRET_KEY = "for tests on loopback only"
ALLOWED_HOSTS = ["*"]
SITE_ID = 1
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL, MEDIA_URL, MEDIA_ROOT = "/static/", "/media/", f"{_FOLDER}/media"
ROOT_URLCONF = "shop_urls"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
# The real one takes 0.6 s of CPU for every call by HTTP Basic; what is tested here is not its strength.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.flatpages",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.staticfiles",
    "oscar.config.Shop",
    *_own(
        "address analytics basket catalogue catalogue.reviews:CatalogueReviews checkout communication customer"
    ),
    *_own("offer order partner payment search shipping voucher wishlists"),
    *_own("catalogue communications offers orders pages partners ranges reports reviews", under="dashboard."),
    *_own("shipping users vouchers", under="dashboard."),
    "oscar.apps.dashboard.apps.DashboardConfig",
    *("django_tables2", "haystack", "treebeard", "widget_tweaks", "rest_framework", "oscarapi"),
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]
AUTHENTICATION_BACKENDS = [
    "oscar.apps.customer.auth_backends.EmailBackend",
    "django.contrib.auth.backends.ModelBackend",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oscar.core.context_processors.metadata",
            ]
        },
    }
]
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": f"{_FOLDER}/shop.sqlite",
        "ATOMIC_REQUESTS": True,
        "OPTIONS": {"timeout": 20},
    }
}

OSCAR_DEFAULT_CURRENCY = "EUR"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_INITIAL_ORDER_STATUS = OSCAR_INITIAL_LINE_STATUS = "Pending"
OSCAR_ORDER_STATUS_PIPELINE = {
    "Pending": ("Being processed", "Cancelled"),
    "Being processed": ("Complete", "Cancelled"),
    "Complete": (),
    "Cancelled": (),
}
OSCARAPI_INITIAL_ORDER_STATUS = "Pending"
OSCARAPI_BLOCK_ADMIN_API_ACCESS = False
OSCARAPI_ENABLE_REGISTRATION = True
REST_FRAMEWORK = {
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 100,
}


class _NoMigrations:
    """Every table as the models say, in one go: a tenth of the time of all migrations since 2014."""

    def __contains__(self, name: str) -> bool:
        return True

    def __getitem__(self, name: str) -> None:
        return None


MIGRATION_MODULES = _NoMigrations()
globals().update(json.loads(os.environ.get("SHOP_OPTIONS") or "{}"))
