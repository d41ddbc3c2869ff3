"""The pages that people open, and what programs find in well-known places."""

import hashlib
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from app.core.clock import rfc3339
from app.core.errors import kinds
from app.docs.pages import HERE, SCALAR, WITHOUT_EVAL
from tests.docs.make import operations
from tests.make import NOW, running

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAGES = ["/", "/docs", "/problems", "/problems/invalid", "/problems/not-found"]


class Page(HTMLParser):
    """What a page holds, as far as these tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[int] = []
        self.inline: list[str] = []
        self._open: str | None = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open = tag
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_data(self, data):
        if self._open in ("script", "style") and data.strip():
            self.inline.append(data)

    def links(self):
        return [value for _, attrs in self.tags for name, value in attrs.items() if name in ("href", "src")]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_safe_and_can_be_used_by_everybody(reader, path):
    answer = await reader.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src 'unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    page = Page(answer.text)
    assert page.inline == []
    assert not any(name.startswith("on") or name == "style" for _, attrs in page.tags for name in attrs)
    assert ("html", {"lang": "en"}) in page.tags
    assert "<title>" in answer.text
    assert 'class="skip"' in answer.text
    if path != "/docs":  # which is drawn by its script
        assert page.headings[0] == 1
        assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
        assert {"main", "header", "footer", "nav"} <= {tag for tag, _ in page.tags}


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_asks_nothing_of_another_origin_and_its_links_answer(reader, path):
    page = Page((await reader.get(path, headers=BROWSER)).text)
    for link in page.links():
        if not link.startswith("#"):
            assert link.startswith("/"), link
            assert (await reader.get(link.partition("#")[0], headers=BROWSER)).status_code == 200, link


async def test_the_reference_is_what_its_licence_came_with(reader):
    text = (HERE / "static/scalar/README.md").read_text(encoding="utf-8")
    assert f"Version: {SCALAR}" in text
    script = (HERE / "static/scalar/standalone.js").read_bytes()
    assert f"SHA-256: `{hashlib.sha256(script).hexdigest()}`" in text
    assert "MIT License" in (HERE / "static/scalar/LICENSE").read_text(encoding="utf-8")
    answer = await reader.get(f"/docs/scalar-{SCALAR}.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (answer.headers["content-encoding"], answer.content) == ("gzip", WITHOUT_EVAL + script)
    again = await reader.get(
        f"/docs/scalar-{SCALAR}.js", headers={"Accept-Encoding": "gzip", "If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


async def test_the_welcome_is_a_page_for_people_and_a_document_for_programs(reader):
    people = await reader.get("/", headers=BROWSER)
    programs = await reader.get("/", headers={"Accept": "application/json"})
    anything = await reader.get("/")
    assert "Three calls to try" in people.text
    assert programs.json() == anything.json() == (await reader.get("/v1")).json()
    assert "Accept" in people.headers["vary"]
    assert people.headers["etag"] != programs.headers["etag"]
    assert (await reader.get("/", headers={"Accept": "image/png"})).status_code == 406


async def test_every_link_of_the_service_document_answers(reader):
    told = (await reader.get("/v1")).json()
    assert told["edition"] == 1
    assert told["counts"]["learning-site"] == 10
    assert {"toolkit", "learning_sites", "search", "openapi", "documentation", "problems"} <= told["links"].keys()
    for name, link in told["links"].items():
        assert (await reader.get(link)).status_code == 200, name


async def test_before_anything_is_published_the_welcome_says_so(bare):
    page = await bare.client.get("/", headers=BROWSER)
    assert "Nothing is published yet" in page.text
    told = (await bare.client.get("/v1")).json()
    assert (told["edition"], told["published_at"]) == (0, None)


async def test_a_problem_leads_to_its_page(reader):
    refused = (await reader.get("/v1/topics?colour=red")).json()
    page = await reader.get(refused["type"], headers=BROWSER)
    assert refused["title"] in page.text
    told = (await reader.get(refused["type"])).json()
    assert (told["type"], told["status"]) == (refused["type"], 422)
    assert told["example"]["type"] == refused["type"]
    markdown = await reader.get(refused["type"], headers={"Accept": "text/markdown"})
    assert markdown.text.startswith(f"# {refused['title']}")
    listed = (await reader.get("/problems")).json()
    assert listed["total"] == len(listed["items"]) == len(list(kinds()))
    assert len({kind.slug() for kind in kinds()}) == listed["total"]
    missing = await reader.get("/problems/no-such-kind")
    assert missing.json()["type"] == "/problems/not-found"


async def test_the_catalogue_leads_to_the_description(reader):
    answer = await reader.get("/.well-known/api-catalog")
    assert answer.headers["content-type"].startswith("application/linkset+json")
    item, api = answer.json()["linkset"]
    assert item["item"] == [{"href": "/v1"}]
    assert api["anchor"] == "/v1"
    for relation in ("service-desc", "service-doc", "service-meta"):
        assert (await reader.get(api[relation][0]["href"])).status_code == 200
    head = await reader.head("/.well-known/api-catalog")
    assert 'rel="api-catalog"' in head.headers["link"]


async def test_security_txt_is_never_stale(reader):
    answer = await reader.get("/.well-known/security.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    told = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert told["Contact"] == "http://testserver/#report"
    assert rfc3339(NOW + timedelta(days=30)) < told["Expires"] < rfc3339(NOW + timedelta(days=365))


async def test_the_operator_says_whom_to_tell(database_url):
    async with running(
        database_url, security_contact="mailto:security@example.gov", public_url="https://api.example.gov"
    ) as world:
        told = (await world.client.get("/.well-known/security.txt")).text
        assert "Contact: mailto:security@example.gov\n" in told
        assert "Canonical: https://api.example.gov/.well-known/security.txt\n" in told
        page = await world.client.get("/", headers=BROWSER)
        assert 'href="mailto:security@example.gov"' in page.text
        catalogue = (await world.client.get("/.well-known/api-catalog")).json()
        assert catalogue["linkset"][1]["anchor"] == "https://api.example.gov/v1"


async def test_the_map_for_models_names_every_operation(reader, document):
    text = (await reader.get("/llms.txt")).text
    assert text.startswith("# PMHC Toolkit API\n")
    for method, path, _ in operations(document):
        assert f"- `{method.upper()} {path}`: " in text
    for link in re.findall(r"\]\((/[^)]*)\)", text):
        assert (await reader.get(link)).status_code == 200, link


async def test_crawlers_and_tabs_find_what_they_look_for(reader):
    assert "User-agent: *" in (await reader.get("/robots.txt")).text
    for path in ("/favicon.svg", "/favicon.ico"):
        assert (await reader.get(path)).headers["content-type"] == "image/svg+xml"


async def test_pages_of_any_origin_may_read_the_description(reader):
    for path in ("/openapi.json", "/v1", "/problems/invalid", "/llms.txt", "/.well-known/api-catalog"):
        assert (await reader.get(path)).headers["access-control-allow-origin"] == "*", path
