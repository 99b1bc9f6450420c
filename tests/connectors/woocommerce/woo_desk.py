"""The routes of orders, their refunds and notes, in the fake store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import woo_rules as rules
from woo_rules import No, valid

Row = dict[str, Any]
Answer = tuple[int, Any, dict[str, str]]


class Desk:
    """Routes of one store."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def routes(self) -> list[tuple[str, Callable[..., Answer]]]:
        one = r"(\d+)"
        return [
            (r"GET orders", self._orders),
            (r"POST orders", self._order_new),
            (rf"GET orders/{one}", self._order),
            (rf"(?:PUT|POST|PATCH) orders/{one}", self._order_put),
            (rf"DELETE orders/{one}", self._order_delete),
            (r"POST orders/batch", self._orders_batch),
            (rf"GET orders/{one}/refunds", self._refunds),
            (rf"POST orders/{one}/refunds", self._refund_new),
            (rf"GET orders/{one}/notes", self._notes),
            (rf"POST orders/{one}/notes", self._note_new),
        ]

    def _orders(self, query: Row, body: Any) -> Answer:
        valid(query, rules.ORDERS, in_query=True)
        status = query.get("status", "any").split(",")
        rows = [
            row
            for row in self._store.orders.rows.values()
            if row["status"] in status or ("any" in status and row["status"] not in ("trash", "auto-draft"))
        ]
        shift = 0 if query.get("dates_are_gmt") in ("true", "1") else self._store.zone * 3600
        for name, key in (("modified_after", "modified"), ("after", "created")):
            if name in query:
                moment = datetime.fromisoformat(query[name])
                at = moment.replace(tzinfo=UTC).timestamp() - shift
                rows = [row for row in rows if row[key] > at]
        by = {"id": "id", "modified": "modified"}.get(query.get("orderby", "date"), "created")
        rows.sort(key=lambda row: (row[by], row["id"]))
        return self._store.page(
            query, rows, self._store.order_shown, descends=query.get("order", "desc") == "desc"
        )

    def _found(self, id: int) -> Row:
        if id not in self._store.orders.rows:
            raise No(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        return self._store.orders.rows[id]

    def _order(self, query: Row, body: Any, id: int) -> Answer:
        valid(query, rules.ONE, in_query=True)
        self._found(id)
        return 200, self._store.order_shown(id), {}

    def _order_new(self, query: Row, body: Any) -> Answer:
        valid(body, rules.ORDER_BODY, in_query=False)
        return 201, self._store.order_shown(self._store.orders.place(body)), {}

    def _order_put(self, query: Row, body: Any, id: int) -> Answer:
        valid(body, rules.ORDER_BODY, in_query=False)
        row = self._found(id)
        self._store.orders.change(id, body)
        self._store.keep_meta(row, body.get("meta_data") or ())
        return 200, self._store.order_shown(id), {}

    def _order_delete(self, query: Row, body: Any, id: int) -> Answer:
        valid(query, rules.DELETE, in_query=True)
        self._found(id)
        shown = self._store.order_shown(id)
        if query.get("force") == "true":
            del self._store.orders.rows[id]
        else:
            self._store.orders.change(id, {"status": "trash"})
        return 200, shown, {}

    def _orders_batch(self, query: Row, body: Any) -> Answer:
        valid(body, rules.BATCH, in_query=False)
        done: list[Row] = []
        for one in body.get("update") or ():
            if one["id"] in self._store.orders.rows:
                self._store.orders.change(one["id"], one)
                done.append(self._store.order_shown(one["id"]))
            else:
                data = {"status": 400}
                error = {
                    "code": "woocommerce_rest_shop_order_invalid_id",
                    "message": "ID is invalid.",
                    "data": data,
                }
                done.append({"id": one["id"], "error": error})
        return 200, {"update": done}, {}

    def _refunds(self, query: Row, body: Any, id: int) -> Answer:
        valid(query, rules.REFUNDS, in_query=True)
        return (
            200,
            [self._store.orders.refund_shown(one, self._store.moments) for one in self._found(id)["refunds"]],
            {},
        )

    def _refund_new(self, query: Row, body: Any, id: int) -> Answer:
        valid(body, rules.REFUND_BODY, in_query=False)
        self._found(id)
        made = self._store.orders.refund(id, body)
        if made is None:
            # A definite no, and yet with this status.
            raise No(500, "woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.")
        return 201, self._store.orders.refund_shown(made, self._store.moments), {}

    def _notes(self, query: Row, body: Any, id: int) -> Answer:
        valid(query, rules.NOTES, in_query=True)
        return 200, [dict(one) for one in self._found(id)["notes"]], {}

    def _note_new(self, query: Row, body: Any, id: int) -> Answer:
        valid(body, rules.NOTE_BODY, in_query=False)
        return 201, self._store.orders.note(id, body), {}
