"""What each connector can do, as the tables of connectors/README.md: made from the manifests, so it cannot flatter."""

from __future__ import annotations

from collections.abc import Iterable

from hub.sdk.manifest import Manifest

_WORDS = ("pull", "push", "create", "find", "fetch", "deletes")
BEGIN, END = "<!-- made by: hub connector list --matrix -->", "<!-- end -->"


def matrix(manifests: Iterable[Manifest]) -> str:
    """Two Markdown tables: capabilities per object, evidence per connector."""
    listed = sorted(manifests, key=lambda one: one.name)
    lines = [
        f"| connector | object | {' | '.join(_WORDS)} | webhooks | version | mark |",
        f"|---|---|{'---|' * (len(_WORDS) + 3)}",
    ]
    for one in listed:
        for object, can in one.objects.items():
            able = ["yes" if one.can(object, word) else "" for word in _WORDS]
            version = (
                "" if can.version == "none" else can.version + (", conditional" if can.conditional else "")
            )
            cells = [*able, "yes" if one.webhooks else "", version, "yes" if can.marker else ""]
            lines.append(f"| {one.name} | {object} ({can.remote or object}) | {' | '.join(cells)} |")
    lines += ["", "| connector | made as | verified against |", "|---|---|---|"]
    lines += [f"| {one.name} | {'manifest' if one.rest else 'program'} | {one.evidence} |" for one in listed]
    return "\n".join(lines)
