"""Candidate pairs by Splink's blocking on DuckDB: the whole hub in one process, spilling to disk where memory ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from hub.flows.relink_engine import Keys

_AT_ONCE = 20_000


class SplinkOnDuckDb:
    """Blocks on the keys of our own records, exploded, so that what it finds is what arriving records find."""

    def __init__(self) -> None:
        self._duck: Any = duckdb.connect()

    def candidates(self, keys: Keys, *, cap: int) -> Iterator[list[tuple[int, int]]]:
        """As `Engine.candidates`."""
        duck = self._duck
        duck.execute("CREATE OR REPLACE TABLE held (key BIGINT, record_id BIGINT)")
        for rows in keys:
            arrays = [pyarrow.array([row[column] for row in rows], pyarrow.int64()) for column in (0, 1)]
            duck.register("page", pyarrow.table(arrays, names=["key", "record_id"]))
            duck.execute("INSERT INTO held SELECT key, record_id FROM page")
            duck.unregister("page")
        duck.execute(
            "CREATE OR REPLACE TABLE record AS SELECT record_id, list(key) AS keys FROM held WHERE key IN "
            f"(SELECT key FROM held GROUP BY key HAVING count(*) BETWEEN 2 AND {int(cap)}) GROUP BY record_id"
        )
        if duck.execute("SELECT count(*) FROM record").fetchall() == [(0,)]:
            return
        found = self._blocked()
        reader = duck.execute(
            "SELECT least(record_id_l, record_id_r), greatest(record_id_l, record_id_r) "
            f'FROM "{found.physical_name}"'
        )
        while rows := reader.fetchmany(_AT_ONCE):
            yield [(a, b) for a, b in rows]

    def _blocked(self) -> Any:
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record_id",
            blocking_rules_to_generate_predictions=[block_on("keys", arrays_to_explode=["keys"])],
            comparisons=[],
        )
        api: Any = DuckDBAPI(connection=self._duck)
        linker = Linker(api.register("record"), settings, log_level="ERROR", validate_settings=False)
        return linker.inference.deterministic_link()
