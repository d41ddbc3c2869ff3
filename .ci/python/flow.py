"""A stranger's first hour with a generated client: read the toolkit, walk a list, search."""

import os
from urllib.parse import parse_qsl, urlsplit

from toolkit_client import Client
from toolkit_client.api.library import list_resources
from toolkit_client.api.search import search_toolkit
from toolkit_client.api.toolkit import get_toolkit

client = Client(base_url=os.environ["BASE_URL"], raise_on_unexpected_status=True)

toolkit = get_toolkit.sync(client=client)
topics = [topic for section in toolkit.sections for topic in section.topics]
assert topics, "the toolkit has topics"

seen = []
page = list_resources.sync(client=client, limit=25)
while True:
    seen += [resource.slug for resource in page.items]
    if page.links.next_ is None:
        break
    query = dict(parse_qsl(urlsplit(page.links.next_).query))
    page = list_resources.sync(client=client, **{**query, "limit": int(query["limit"])})
assert len(set(seen)) == len(seen) == page.total, "the walk sees each row once"

found = search_toolkit.sync(client=client, q="crisis intervention")
hit = found.items[0]
assert client.get_httpx_client().get(hit.href).status_code == 200, "a hit can be followed"

print(f'Python: {len(topics)} topics, {len(seen)} resources in pages of 25, best hit "{hit.title}".')
