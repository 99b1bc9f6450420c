"""Lists that move while they are read, and what the next pull reads again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from woo_store import Store

from connectors.woocommerce.connector import WooCommerceConnector
from connectors.woocommerce.rest import Listing
from connectors.woocommerce.walk import by_id
from hub.sdk import ConnectionBroken, Page

Connect = Callable[..., WooCommerceConnector]


def seed(store: Store, count: int) -> list[str]:
    return [str(store.put({"email": f"p{number}@example.org"})) for number in range(count)]


def ids(pages: list[Page]) -> list[str]:
    return [record.external_id for page in pages for record in page.records]


def test_deletions_during_the_scan_lose_nobody(store: Store, connect: Connect) -> None:
    made = seed(store, 12)
    pages = connect(size=3).pull("customer", None)
    got = ids([next(pages)])
    for one in made[:2]:
        store.erase(int(one))
    for page in pages:
        got += ids([page])
        if len(store.customers) > 6:
            store.erase(min(store.customers))
    assert set(made[2:]) - set(got) <= set(made[2:6]), "somebody who is there was not read"
    assert {str(one) for one in store.customers} <= set(got)


def test_a_stored_place_is_good_after_many_were_deleted(store: Store, connect: Connect) -> None:
    made = seed(store, 20)
    first = next(connect(size=5).pull("customer", None))
    pages = connect(size=5).pull("customer", first.cursor)
    cursor = next(pages).cursor
    for one in made[:9]:
        if int(one) in store.customers:
            store.erase(int(one))
    rest = ids(list(connect(size=5).pull("customer", cursor)))
    assert set(made[9:]) <= {*ids([first]), *rest}


def test_rows_that_the_key_may_not_see_do_not_end_the_list(store: Store, connect: Connect) -> None:
    made = seed(store, 14)
    store.hidden = {3, 4, 5, 6, 7, 8}
    got = ids(list(connect(size=3).pull("customer", None)))
    assert set(got) == {one for one in made if int(one) not in store.hidden}


def test_a_pull_reads_the_new_ones_and_a_stretch_of_the_others(store: Store, connect: Connect) -> None:
    seed(store, 10)
    cursor = list(connect(sweep=4).pull("customer", None))[-1].cursor
    assert cursor == {"last": 10, "at": 10}
    new = seed_more(store)
    woo = connect(sweep=4, size=3)
    pages = list(woo.pull("customer", cursor))
    assert ids(pages)[:1] == [new] and len(ids(pages)) <= 1 + 4 + 2
    rounds: set[str] = set(ids(pages))
    for _ in range(3):
        cursor = pages[-1].cursor
        pages = list(connect(sweep=4, size=3).pull("customer", cursor))
        rounds |= set(ids(pages))
    assert rounds == {str(number) for number in range(1, 12)}, "the sweep goes round"


def seed_more(store: Store) -> str:
    return str(store.put({"email": "later@example.org"}))


def test_a_sweep_larger_than_the_list_goes_round_once(store: Store, connect: Connect) -> None:
    seed(store, 7)
    cursor = {"last": 7, "at": 7, "sweep": 4, "sweep_at": 4}
    got = ids(list(connect(size=3).pull("customer", cursor)))
    assert sorted(map(int, got)) == [1, 2, 3, 4, 5, 6, 7] or len(got) <= 10
    assert {"5", "6", "7", "1", "2", "3", "4"} == set(got)


def test_without_a_sweep_only_the_new_ones_come(store: Store, connect: Connect) -> None:
    seed(store, 3)
    cursor = list(connect(sweep=0).pull("customer", None))[-1].cursor
    assert ids(list(connect(sweep=0).pull("customer", cursor))) == []


def test_orders_modified_since_the_last_pass_come_in_utc(store: Store, connect: Connect) -> None:
    """The site's clock says eight hours more; only the GMT twin is compared."""
    old = store.orders.place({"line_items": [{"price": "1.00"}]})
    store.orders.rows[old]["modified"] -= 7200
    done = list(connect().pull("order", None))
    assert ids(done) == [str(old)] and done[-1].cursor.keys() == {"since"}
    assert ids(list(connect().pull("order", done[-1].cursor))) == []
    store.orders.change(old, {"customer_note": "ring twice"})
    assert ids(list(connect().pull("order", done[-1].cursor))) == [str(old)]
    asked = store.requests[-1].query
    assert (
        asked["dates_are_gmt"] == "true" and "Z" not in asked["modified_after"] and asked["orderby"] == "id"
    )


def test_an_order_changed_behind_the_scan_comes_with_the_next(store: Store, connect: Connect) -> None:
    made = [store.orders.place({"line_items": [{"price": "1.00"}]}) for _ in range(9)]
    pages = connect(size=3).pull("order", None)
    first = next(pages)
    store.orders.change(made[0], {"status": "completed"})
    rest = list(pages)
    assert ids([first, *rest]) == [str(one) for one in made]
    again = [record for page in connect().pull("order", rest[-1].cursor) for record in page.records]
    assert next(one for one in again if one.external_id == str(made[0])).raw["status"] == "completed"


def test_a_trashed_order_is_gone_and_restored_it_is_back(store: Store, connect: Connect) -> None:
    made = [str(store.orders.place({"line_items": [{"price": "1.00"}]})) for _ in range(3)]
    store.orders.change(int(made[0]), {"status": "trash"})
    del store.orders.rows[int(made[1])]
    woo = connect()
    assert list(woo.deletes("order", None, made).external_ids) == made[:2]
    assert [one.deleted for one in woo.fetch("order", made)] == [True, True, False]
    store.orders.change(int(made[0]), {"status": "processing"})
    assert not woo.fetch("order", made[:1])[0].deleted


def test_a_list_that_hides_somebody_is_no_deletion(store: Store, connect: Connect) -> None:
    made = seed(store, 3)
    store.hidden = {2}
    assert list(connect().deletes("customer", None, iter([*made, "abc", "99999"])).external_ids) == [
        "abc",
        "99999",
    ]
    assert [one.deleted for one in connect().fetch("customer", made)] == [False, False, False]


@pytest.mark.parametrize("cursor", ["x", 7, {"since": "yesterday"}, ["since"]])
def test_a_strange_cursor_is_refused(connect: Connect, cursor: Any) -> None:
    with pytest.raises(ConnectionBroken, match="cursor"):
        list(connect().pull("order", cursor))


def test_a_list_that_does_not_heed_the_position_is_no_endless_one() -> None:
    rows = [{"id": number} for number in range(1, 6)]
    with pytest.raises(ConnectionBroken, match="circle"):
        list(by_id(lambda params: Listing(rows, None), {}, size=5))


def test_a_list_in_another_order_is_refused() -> None:
    with pytest.raises(ConnectionBroken, match="order of ids"):
        list(by_id(lambda params: Listing([{"id": 2}, {"id": 1}], 2), {}, size=5))
