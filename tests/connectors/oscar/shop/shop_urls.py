"""Addresses of the test shop: the API below /api/, the shop itself at the root."""
# mypy: ignore-errors

from __future__ import annotations

from django.apps import apps
from django.urls import include, path

urlpatterns = [
    path("api/", include("oscarapi.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
