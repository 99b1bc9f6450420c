"""Candidate keys: two records that share one are compared. Only unblocked identifiers give keys; the realm is
part of each."""

from __future__ import annotations

from hashlib import blake2b

from hub.identity.features import Features, features

__all__ = ["Features", "features", "key", "keys"]

_MASK = (1 << 63) - 1


def keys(found: Features, *, realm: str) -> tuple[int, ...]:
    """The keys of a record: numbers from 0 to 2**63 - 1, in no order that means anything. Records of
    different realms never meet."""
    made = [key("email", mailbox, realm=realm) for mailbox in found.emails]
    made += [key("phone", phone, realm=realm) for phone in found.phones]
    made += [key("tax_id", tax_id, realm=realm) for tax_id in found.tax_ids]
    made += [key("external_ref", ref, realm=realm) for ref in found.refs]
    return tuple(made)


def key(kind: str, value: str, *, realm: str) -> int:
    """The key of one value as it stands in Features. kind: email, phone, tax_id or external_ref."""
    if kind == "tax_id":
        value = value.partition(":")[2]  # one system knows the type of a number, another does not
    digest = blake2b(f"{kind}\0{realm}\0{value}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") & _MASK
