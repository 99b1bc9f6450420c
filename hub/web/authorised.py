"""`/oauth/callback`: where a vendor's login page sends people back to, with a code for a connection."""

from __future__ import annotations

import time

from flask import Blueprint, current_app, request

from hub.flows import authorise
from hub.web.place import store
from hub.web.say import gettext
from hub.web.views.part import page

blueprint = Blueprint("authorised", __name__)


@blueprint.get(authorise.CALLBACK)
def callback() -> str:
    """Exchange the code. Who comes here proves it by the state they left with; it works once."""
    landed = request.query_string.decode("ascii", "replace")
    name = authorise.arrive(store(), current_app.config["HUB"], landed, now=time.time())
    title = gettext("%(name)s is authorised", name=name)
    return page("authorised.html", "", title=title, name=name)
