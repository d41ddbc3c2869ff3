"""Fills the textbook application's tables from our documents."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import create_async_engine

from bench.generate import Documents
from bench.textbook import models

COMMON = ("slug", "title", "summary", "path", "former_slugs")
ITEMS = {
    "learning-site": (models.LearningSite, models.SiteCitation),
    "section": (models.Section, models.SectionCitation),
    "topic": (models.Topic, models.TopicCitation),
    "page": (models.Page, models.PageCitation),
}
BATCH = 2000


class Rows:
    """The rows of every table, numbered as they come."""

    def __init__(self, documents: Documents, published_at: datetime) -> None:
        """Read what the models reach."""
        self.rows: dict[Any, list[dict[str, Any]]] = {}
        self.ids: dict[tuple[str, str], int] = {}
        self.stamp = {"updated_at": published_at, "edition": 1}
        # Sections before topics, and what is cited or linked before both.
        order = ("source", "program-type", "section", "page", "learning-site", "topic", "toolkit")
        for kind, slug in sorted(documents):
            if kind in order:
                self.ids[kind, slug] = len(self.ids) + 1
        for wanted in order:
            for (kind, slug), text in documents.items():
                if kind == wanted:
                    self.add(kind, self.ids[kind, slug], json.loads(text), documents)

    def put(self, table: Any, **values: Any) -> None:
        """One row."""
        self.rows.setdefault(table, []).append(values)

    def add(self, kind: str, number: int, item: dict[str, Any], documents: Documents) -> None:
        """One item, with what hangs on it."""
        if kind == "source":
            told = {name: item[name] for name in ("slug", "title", "publisher", "year", "url", "as_of")}
            self.put(models.Source, id=number, **told)
        elif kind == "program-type":
            self.put(models.ProgramType, id=number, slug=item["slug"], title=item["title"])
        elif kind == "toolkit":
            highlights = {
                name: [_highlight(documents, ref) for ref in item[name]] for name in ("featured", "next_steps")
            }
            told = {name: item[name] for name in ("title", "summary", "introduction")}
            self.put(models.Home, id=number, **told, **highlights)
        else:
            self.item(kind, number, item)

    def item(self, kind: str, number: int, item: dict[str, Any]) -> None:
        """A page, section, topic or learning site, with its citations."""
        model, citation = ITEMS[kind]
        columns = set(model.__table__.columns.keys()) - {"id", "section_id", "updated_at", "edition"}
        values = {name: item[name] for name in columns}
        if kind == "topic":
            values["section_id"] = self.ids["section", item["section"]]
        self.put(model, id=number, **values, **self.stamp)
        for position, source in enumerate(item["sources"]):
            place = {"item_id": number, "position": position, "label": source["id"], "confidence": source["confidence"]}
            self.put(citation, **place, source_id=self.ids["source", source["id"].partition(".")[0]])
        linked = {"learning-site": models.site_program_type, "topic": models.topic_program_type}.get(kind)
        for position, slug in enumerate(item["program_types"] if linked is not None else ()):
            owner = {"site_id" if kind == "learning-site" else "topic_id": number}
            self.put(linked, **owner, program_type_id=self.ids["program-type", slug], position=position)
        for name, figure in item.get("figures", {}).items():
            if figure:
                self.put(models.Figure, site_id=number, name=name, **figure)


def _highlight(documents: Documents, ref: dict[str, Any]) -> dict[str, Any]:
    target = json.loads(documents[ref["type"], ref["slug"]])
    return {**ref, "href": target["href"], "path": target["path"]}


async def fill(url: str, documents: Documents, published_at: datetime | None = None) -> None:
    """Make the tables and put everything in."""
    engine = create_async_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine.sync_engine, "connect")
        def _connect(raw: Any, _record: Any) -> None:
            raw.execute("PRAGMA journal_mode=WAL")

    async with engine.begin() as connection:
        await connection.run_sync(models.Base.metadata.create_all)
        for table, rows in Rows(documents, published_at or datetime.now(UTC)).rows.items():
            for batch in _batches(rows):
                await connection.execute(insert(table), batch)
    await engine.dispose()


def _batches(rows: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))
