"""From files to documents that may be published: read everything, check everything, then hand it over or refuse.

Two forms are read: a folder of YAML as authors write it, and an NDJSON export. Every fault is reported at once and
names file, record and field; with one fault nothing is loaded.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from app.editions import render
from app.editions.advice import in_words
from app.editions.kinds import Kind
from app.editions.sources import SOURCE, spell_out

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


@dataclass(frozen=True)
class Fault:
    """One mistake in the content."""

    file: str
    record: str
    field: str
    message: str

    def __str__(self) -> str:
        """As an author reads it."""
        return f"{self.file}: {self.record}: {self.field}: {self.message}"


class ContentError(Exception):
    """The content has mistakes; nothing was loaded."""

    def __init__(self, faults: list[Fault]) -> None:
        """Carry every fault."""
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass
class Draft:
    """A record on its way: where it was written, and what it says."""

    kind: Kind
    file: str
    data: dict[str, Any]

    @property
    def slug(self) -> str:
        """Its slug, as far as it has one."""
        return str(self.data.get("slug", "?"))


def read(source: Path, kinds: Iterable[Kind]) -> list[Draft]:
    """Read a folder of YAML, or an NDJSON export."""
    listed = list(kinds)
    return list(_read_export(source, listed) if source.is_file() else _read_folder(source, listed))


def _read_folder(folder: Path, kinds: list[Kind]) -> Iterator[Draft]:
    if not folder.is_dir():
        raise ContentError([Fault(str(folder), "-", "-", "there is no such folder")])
    expected = {kind.file for kind in kinds}
    strange = [p.name for p in sorted(folder.iterdir()) if p.stem not in expected and not p.name.startswith(".")]
    if strange:
        raise ContentError([Fault(name, "-", "-", "no kind of content is kept in this file") for name in strange])
    faults: list[Fault] = []
    for kind in kinds:
        single = folder / f"{kind.file}.yaml"
        files = [single] if single.exists() else sorted((folder / kind.file).glob("*.yaml"))
        for file in files:
            told = str(file.relative_to(folder))
            try:
                loaded = _yaml(file, told)
            except ContentError as error:
                faults += error.faults
                continue
            for raw in loaded if isinstance(loaded, list) else [loaded]:
                if isinstance(raw, dict):
                    yield Draft(kind, told, kind.prepare(raw) if kind.prepare else raw)
                else:
                    faults.append(Fault(told, "-", "-", "a record must be a mapping of fields"))
    if faults:
        raise ContentError(faults)


def _yaml(file: Path, told: str) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ContentError([Fault(told, f"line {line}", "-", str(error.problem))]) from None


def _read_export(file: Path, kinds: list[Kind]) -> Iterator[Draft]:
    by_name = {kind.name: kind for kind in kinds}
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            told = f"{file.name}:{number}"
            try:
                item = json.loads(line)
                kind = by_name[item["type"]]
                yield Draft(kind, told, _record_of(kind, item["document"]))
            except (ValueError, KeyError, TypeError) as error:
                raise ContentError([Fault(told, "-", "-", f"not a line of an export: {error!r}")]) from None


def _record_of(kind: Kind, document: Mapping[str, Any]) -> dict[str, Any]:
    """The author's record that a published document was made from."""
    record = {name: document[name] for name in kind.record.model_fields if name in document}
    record["sources"] = [source["id"] for source in document["sources"]]
    for name in kind.markdown:
        value = record.get(name)
        if isinstance(value, str):
            record[name] = render.bare(value)
    return record


def check(drafts: list[Draft], progress: Progress = lambda *_: None) -> dict[tuple[str, str], str]:
    """Check every draft and make the documents; raises ContentError with every fault."""
    faults: list[Fault] = []
    records: dict[str, dict[str, dict[str, Any]]] = {draft.kind.name: {} for draft in drafts}
    places: dict[tuple[str, str], Draft] = {}
    misshapen: set[tuple[str, str]] = set()
    for done, draft in enumerate(drafts):
        progress("Checking records", done, len(drafts))
        try:
            record = draft.kind.record.model_validate(draft.data).model_dump(mode="json")
        except ValidationError as error:
            faults += [
                Fault(draft.file, draft.slug, ".".join(map(str, e["loc"])) or "-", in_words(e, draft.kind.record))
                for e in error.errors()
            ]
            misshapen.add((draft.kind.name, draft.slug))
            continue
        key = (draft.kind.name, record["slug"])
        if key in places:
            faults.append(Fault(draft.file, draft.slug, "slug", f"is also the slug of a record in {places[key].file}"))
            continue
        places[key] = draft
        records[draft.kind.name][record["slug"]] = record
    checker = _Checker(records, {draft.kind.name: draft.kind for draft in drafts}, faults, misshapen)
    if faults:
        checker.references(places)
        raise ContentError(faults)
    documents = {}
    for done, ((name, slug), draft) in enumerate(sorted(places.items(), key=lambda pair: pair[0])):
        progress("Rendering documents", done, len(places))
        checker.draft = draft
        documents[name, slug] = checker.document(draft.kind, records[name][slug])
    checker.former_slugs(places)
    if faults:
        raise ContentError(faults)
    return documents


class _Checker:
    """Resolves what records say of each other, and writes documents."""

    def __init__(
        self,
        records: dict[str, dict[str, dict[str, Any]]],
        kinds: Mapping[str, Kind],
        faults: list[Fault],
        misshapen: Collection[tuple[str, str]] = (),
    ) -> None:
        self.records, self.kinds, self.faults, self.misshapen = records, kinds, faults, misshapen
        self.registry = records.get(SOURCE.name, {})
        self.paths = {
            kind.path(record): (name, slug)
            for name, kind in kinds.items()
            if kind.listed
            for slug, record in records[name].items()
        }
        self.draft: Draft

    def fault(self, field: str, message: str) -> None:
        self.faults.append(Fault(self.draft.file, self.draft.slug, field, message))

    def document(self, kind: Kind, record: dict[str, Any]) -> str:
        """The document of one record, as it is stored, served and exported."""
        derived = kind.derive(record, self.records) if kind.derive else {}
        self._check_references(kind, {**record, **derived})
        sources = self._sources(kind, record)
        fields = {k: v for k, v in {**record, **derived}.items() if k not in ("slug", "title", "summary", "sources")}
        for name in kind.markdown:
            fields[name], fields[f"{name}_html"] = self._markdown(name, record[name], sources)
        whole = {
            "type": kind.name,
            "slug": record["slug"],
            "title": record["title"],
            "summary": record["summary"],
            "href": f"/v1/{kind.plural}/{record['slug']}",
            "path": kind.path(record),
            "sources": sources,
            **fields,
        }
        if kind.name == "toolkit":
            whole["href"] = "/v1/toolkit"
        ordered = {k: v for k, v in whole.items() if k not in kind.heavy} | {k: whole[k] for k in kind.heavy}
        return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))

    def references(self, places: Mapping[tuple[str, str], Draft]) -> None:
        """What can be said of the other records when some have mistakes of their own: whether what they name exists.

        Nothing is derived or rendered, for both would need every record.
        """
        for (name, slug), draft in sorted(places.items(), key=lambda pair: pair[0]):
            self.draft = draft
            record = self.records[name][slug]
            self._check_references(draft.kind, record)
            self._sources(draft.kind, record)
            for field in draft.kind.markdown:
                for text in _texts(record[field]):
                    render.with_paths(text, partial(self._path, field))

    def _is_there(self, kind: str, slug: str) -> bool:
        return slug in self.records.get(kind, {}) or (kind, slug) in self.misshapen

    def _check_references(self, kind: Kind, record: dict[str, Any]) -> None:
        for field, target in kind.links.items():
            held = record.get(field)
            for slug in [] if held is None else [held] if isinstance(held, str) else held:
                if not self._is_there(target, slug):
                    self.fault(field, f"there is no {target} called {slug!r}")
        for field in ("related", "featured", "next_steps"):
            for ref in record.get(field) or []:
                if isinstance(ref, dict) and not self._is_there(ref["type"], ref["slug"]):
                    self.fault(field, f"there is no {ref['type']} called {ref['slug']!r}")

    def _sources(self, kind: Kind, record: dict[str, Any]) -> list[dict[str, Any]]:
        # In the order in which the texts cite them, so that a reader meets [1] first; then what is listed only.
        texts = [text for name in kind.markdown for text in _texts(record[name])]
        labels = dict.fromkeys(label for text in texts for label in render.citations(text))
        labels.update(dict.fromkeys([*record["sources"], *_nested_sources(record)]))
        spelled = []
        for label in labels:
            try:
                spelled.append(spell_out(label, self.registry))
            except (KeyError, ValueError):
                if (SOURCE.name, label.partition(".")[0]) in self.misshapen:
                    continue
                self.fault("sources", f"there is no source called {label!r} in the registry")
        return spelled

    def _markdown(self, field: str, value: Any, sources: list[dict[str, Any]]) -> tuple[Any, Any]:
        if isinstance(value, list):
            pairs = [self._markdown(field, text, sources) for text in value]
            return [text for text, _ in pairs], [html for _, html in pairs]
        if value is None:
            return None, None
        text = render.with_paths(value, lambda kind, slug: self._path(field, kind, slug))
        for path, _ in render.PATH_LINK.findall(text):
            if path not in self.paths:
                self.fault(field, f"links to {path}, which is nobody's path")
        is_body = field == "body"
        html = render.to_html(text, sources, list_sources=is_body)
        return (render.with_definitions(text, sources) if is_body else text.rstrip("\n") + "\n"), html

    def _path(self, field: str, kind: str, slug: str) -> str:
        if kind in self.kinds and slug in self.records[kind]:
            return self.kinds[kind].path(self.records[kind][slug])
        if kind != "mailto" and (kind, slug) not in self.misshapen:
            self.fault(field, f"links to {kind}:{slug}, which does not exist")
        return f"{kind}:{slug}"

    def former_slugs(self, places: Mapping[tuple[str, str], Draft]) -> None:
        """An old slug leads to one item and is nobody's present slug."""
        taken: dict[tuple[str, str], str] = {}
        for (name, slug), draft in places.items():
            self.draft = draft
            for old in self.records[name][slug]["former_slugs"]:
                if old in self.records[name]:
                    self.fault("former_slugs", f"{old!r} is the present slug of another record")
                elif (name, old) in taken:
                    self.fault("former_slugs", f"{old!r} was also the slug of {taken[name, old]!r}")
                taken[name, old] = slug


def _texts(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value


def _nested_sources(value: Any, depth: int = 0) -> Iterator[str]:
    """Citation labels of nested objects, such as a site's figures."""
    if isinstance(value, dict):
        if depth:
            yield from value.get("sources") or []
        for inner in value.values():
            yield from _nested_sources(inner, depth + 1)
