// A stranger's first hour: read the toolkit, walk a list to its end, search, follow a hit.
// Everything is typed by the description; a field that is not promised does not compile.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const baseUrl = process.env["BASE_URL"];
assert(baseUrl, "BASE_URL says where the server is");
// Answers with `fields=` are another media type, of another shape; naming ours keeps the types whole.
const client = createClient<paths, "application/json" | "application/problem+json">({ baseUrl });

const toolkit = await client.GET("/v1/toolkit");
assert(toolkit.data, "the toolkit answers");
const topics = toolkit.data.sections.flatMap((section) => section.topics);
assert(topics.length > 0, "the toolkit has topics");

const seen = new Set<string>();
const first = await client.GET("/v1/resources", { params: { query: { limit: 25 } } });
assert(first.data, "the list answers");
type Page = typeof first.data;
let page: Page = first.data;
for (;;) {
  for (const resource of page.items) {
    assert(!seen.has(resource.slug), `${resource.slug} came twice`);
    seen.add(resource.slug);
  }
  if (page.links.next === null) break;
  const answer: Response = await fetch(new URL(page.links.next, baseUrl));
  assert.equal(answer.status, 200);
  page = (await answer.json()) as Page;
}
assert.equal(seen.size, page.total, "the walk sees each row once");

const found = await client.GET("/v1/search", { params: { query: { q: "crisis intervention" } } });
const hit = found.data?.items[0];
assert(hit, "the search finds something");
assert.equal((await fetch(new URL(hit.href, baseUrl))).status, 200, "a hit can be followed");

const refused = await client.GET("/v1/resources", { params: { query: { limit: 0 } } });
assert.equal(refused.response.status, 422);
assert.equal(refused.error?.status, 422, "a refusal is a typed problem");

// What may be left out may be left out: the README's request, a match, an endpoint for webhooks.
const sandbox = await client.POST("/v1/sandboxes");
assert(sandbox.data, "a sandbox is made");
const headers = { "X-Api-Key": sandbox.data.key };
const asked = await client.POST("/v1/tta-requests", {
  headers: { ...headers, "Idempotency-Key": "my-first-request" },
  body: {
    contact: { name: "Jo Doe", email: "jo.doe@springfield.gov" },
    agency: { name: "Springfield Police Department", type: "municipal_police", state: "IL" },
    topics: ["cit-training"],
    description: "We want to begin CIT training and would like to see how a city of our size did it.",
  },
});
assert.equal(asked.response.status, 201, "the request is taken");
const match = await client.POST("/v1/learning-sites/match", { body: { sworn_officers: 80, setting: "rural" } });
assert(match.data, "sites are matched");
const endpoint = await client.POST("/v1/webhook-endpoints", { headers, body: { url: "https://partner.example/hooks" } });
assert.equal(endpoint.response.status, 201, "an endpoint is made");

console.log(`TypeScript: ${topics.length} topics, ${seen.size} resources in pages of 25, best hit "${hit.title}".`);
