"""The API for downstream systems, `/api/v1`: readers of golden records, and writes that are readings (DESIGN §5).

Its document is `/api/v1/openapi.json` (OpenAPI 3.1), the only address that needs no token.
"""

from __future__ import annotations

from importlib.metadata import version

from flask import Flask
from flask_smorest import Api

from hub.web.api import changes, conflicts, customers, exports, gate, interactions, orders, review
from hub.web.api.part import PREFIX

_TOLD = (
    "One explained customer record from every connected system. Values are under the paths of the canonical model; "
    "errors are application/problem+json with a `code`, and mostly a `fix`. Every request needs a token with the scope "
    "that the operation names: `Authorization: Bearer TOKEN` (`hub token add`). Any request may be repeated."
)


class _Document(Api):  # type: ignore[misc]
    """The OpenAPI document alone: errors are handled by the parts themselves, pages have theirs."""

    def _register_error_handlers(self) -> None:
        return


def register(app: Flask) -> None:
    """Add the API to an application."""
    app.config.update(
        API_TITLE="CRM Hub",
        API_VERSION=version("crm-hub"),
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )
    gate.set_up(app)
    api = _Document(app, spec_kwargs={"info": {"description": _TOLD}})
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for one in (customers, orders, interactions, changes, exports, review, conflicts):
        api.register_blueprint(one.blueprint)
