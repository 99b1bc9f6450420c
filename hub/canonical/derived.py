"""Customer records that no system lists by themselves: the guest of an order, the author of a message (DESIGN §5)."""

from __future__ import annotations

GUEST, AUTHOR = "order:", "author:"


def is_derived(external_id: str) -> bool:
    """Whether a customer record was read out of an order or interaction: nothing is written to it, or looked up
    there."""
    return external_id.startswith((GUEST, AUTHOR))
