"""What is read of each object: the model and fields, which records a pull passes over, how a row becomes a record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.tryton import party, sale
from connectors.tryton.lookups import Lookups
from connectors.tryton.rest import Domain, Rest, Row, encode_instant
from connectors.tryton.sale_books import Books
from hub.sdk import RemoteRecord, RemoteUnavailable

_STAMPS = ("create_date", "write_date")


class Reader:
    """One object. `noun`: a record of it in messages."""

    model: str
    noun: str
    fields: Sequence[str]

    @property
    def rest(self) -> Rest:
        raise NotImplementedError

    def within(self) -> Domain:
        """The records that are passed over at all."""
        raise NotImplementedError

    def alive(self) -> Domain:
        """Those that are not deleted, as the ERP does it."""
        raise NotImplementedError

    def touched(self, since: str | None) -> Domain:
        """Those written or made since then, or with something of theirs that was."""
        raise NotImplementedError

    def completed(self, rows: list[Row]) -> list[Row]:
        """The rows with what other models say of them."""
        return rows

    def record(self, row: Row) -> RemoteRecord:
        """Raises RecordRejected for a row of another shape."""
        raise NotImplementedError


class Parties(Reader):
    model = party.MODEL
    noun = "party"

    def __init__(self, rest: Rest, lookups: Lookups, *, extra: Sequence[str]) -> None:
        self._rest = rest
        self._lookups = lookups
        self._extra = tuple(extra)
        self.fields = (*party.FIELDS, *self._extra)

    @property
    def rest(self) -> Rest:
        return self._rest

    def within(self) -> Domain:
        """All but those that the ERP's own companies are: nobody's customers."""
        own = self._lookups.own_parties()
        return [["id", "not in", own]] if own else []

    def alive(self) -> Domain:
        return [["active", "=", True], ["replaced_by", "=", None]]

    def touched(self, since: str | None) -> Domain:
        """A child does not touch its party's stamp."""
        return _since(since, ("", *(f"{one}." for one in party.CHILDREN)))

    def written(self, since: str | None) -> Domain:
        """Those written themselves since then."""
        return _since(since, ("",))

    def record(self, row: Row) -> RemoteRecord:
        return party.record(row, extra=self._extra)


class Sales(Reader):
    """Sales of one company; what is sold back belongs to the sale it comes from, and is none of its own."""

    model = sale.MODEL
    noun = "sale"
    fields = sale.FIELDS

    def __init__(self, books: Books) -> None:
        self._books = books

    @property
    def rest(self) -> Rest:
        return self._books.rest

    def within(self) -> Domain:
        return [
            ["company", "=", self._books.company],
            ["OR", ["origin", "=", None], ["origin", "not like", f"{sale.MODEL},%"]],
        ]

    def alive(self) -> Domain:
        return []

    def touched(self, since: str | None) -> Domain:
        """A line, move, shipment or invoice does not touch its sale's stamp, nor does a return."""
        if since is None:
            return []
        parts = ("", "lines.", "lines.moves.", "shipments.", "invoices.")
        ((_, *clauses),) = _since(since, parts)
        back = [["origin", "like", f"{sale.MODEL},%"], *_since(since, ("",))]
        returns = self.rest.search_read(sale.MODEL, back, ["origin"]).rows
        ids = sorted({int(row["origin"].partition(",")[2]) for row in returns})
        notes = [["origin", "like", "account.invoice.line,%"], *_since(since, ("", "invoice."))]
        credited = self.rest.search_read("account.invoice.line", notes, ["origin"]).rows
        lines = sorted({int(row["origin"].partition(",")[2]) for row in credited})
        if lines:
            clauses.append(["lines.invoice_lines", "in", lines])
        return [["OR", *clauses, ["id", "in", ids]]]

    def completed(self, rows: list[Row]) -> list[Row]:
        """With the returns and credit notes of each. Raises RemoteUnavailable for an answer to another question."""
        by_origin = {f"{sale.MODEL},{row['id']}": row for row in rows}
        by_line = {f"account.invoice.line,{id}": row for row in rows for id in _invoiced(row)}
        for row in rows:
            row["returns"], row["credits"] = [], []
        for model, owners, name, fields in (
            (sale.MODEL, by_origin, "returns", sale.RETURN_FIELDS),
            ("account.invoice.line", by_line, "credits", sale.CREDIT_FIELDS),
        ):
            if owners:
                found = self.rest.search_read(model, [["origin", "in", list(owners)]], fields).rows
                for one in found:
                    owner = owners.get(str(one.get("origin")))
                    if owner is None:
                        raise RemoteUnavailable(f"{model}: the server answered with records nobody asked for")
                    owner[name].append(one)
        return rows

    def record(self, row: Row) -> RemoteRecord:
        return sale.record(row, self._books.own_kinds())


def _invoiced(row: Row) -> list[int]:
    """The invoice lines of a sale; none of a row of another shape, which is rejected when it is read."""
    try:
        return [int(id) for line in row["lines"] for id in line["invoice_lines"]]
    except (KeyError, TypeError, ValueError):
        return []


def _since(since: str | None, parts: Sequence[str]) -> Domain:
    if since is None:
        return []
    at = encode_instant(datetime.fromisoformat(since))
    return [["OR", *([f"{part}{stamp}", ">=", at] for part in parts for stamp in _STAMPS)]]
