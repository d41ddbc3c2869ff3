"""What a partner does with its endpoints: their secrets, what is told of a change, and how they are listed."""

from datetime import UTC, datetime

from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from app.core.work import Event
from app.webhooks.secret import PREVIOUS_MOST
from tests.access.make import a_key, an_owner
from tests.webhooks.make import happen, receiver, register


async def rotate(desk, auth, made, hours) -> str:
    path = f"/v1/webhook-endpoints/{made['id']}/rotate"
    answer = await desk.client.post(path, json={"overlap_hours": hours}, headers=auth)
    assert answer.status_code == 200, answer.text
    return answer.json()["secret"]


async def signed(desk, partner, theirs) -> tuple[dict, bytes]:
    await happen(desk, partner)
    await desk.drain()
    return theirs.came[-1]


async def test_a_rotation_that_is_repeated_breaks_no_receiver(desk, partner, auth):
    async with receiver() as theirs:
        made = await register(desk, auth, theirs.url)
        lost = await rotate(desk, auth, made, 24)
        desk.clock.advance(hours=1)
        known = await rotate(desk, auth, made, 24)
        headers, body = await signed(desk, partner, theirs)
        assert len(headers["webhook-signature"].split()) == 3
        for secret in (made["secret"], lost, known):
            assert secret_signed(secret, headers, body)
        desk.clock.advance(hours=24)
        headers, body = await signed(desk, partner, theirs)
        assert len(headers["webhook-signature"].split()) == 1
        assert secret_signed(known, headers, body)


async def test_however_often_it_is_rotated_the_receivers_own_secret_signs_and_not_many_do(desk, partner, auth):
    async with receiver() as theirs:
        made = await register(desk, auth, theirs.url)
        newer = [await rotate(desk, auth, made, 24) for _ in range(PREVIOUS_MOST + 3)]
        headers, body = await signed(desk, partner, theirs)
        assert len(headers["webhook-signature"].split()) == PREVIOUS_MOST + 1
        for secret in (made["secret"], *newer[-PREVIOUS_MOST:]):
            assert secret_signed(secret, headers, body)


async def test_a_rotation_without_overlap_ends_every_older_secret(desk, partner, auth):
    async with receiver() as theirs:
        made = await register(desk, auth, theirs.url)
        await rotate(desk, auth, made, 24)
        newest = await rotate(desk, auth, made, 0)
        headers, body = await signed(desk, partner, theirs)
        assert len(headers["webhook-signature"].split()) == 1
        assert secret_signed(newest, headers, body)


def secret_signed(secret, headers, body) -> bool:
    signature = Webhook(secret).sign(headers["webhook-id"], _at(headers), body.decode())
    return signature in headers["webhook-signature"].split()


def _at(headers):
    return datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)


async def test_the_audit_trail_tells_who_changed_what_of_an_endpoint(desk, partner, auth):
    made = await register(desk, auth, "https://one.example/hooks/s3cret")
    path = f"/v1/webhook-endpoints/{made['id']}"
    for asked in (
        {"status": "paused"},
        {"event_types": ["tta.confirmed"], "url": "https://two.example/hooks/s3cret"},
        {"description": "Ours"},
    ):
        assert (await desk.client.patch(path, json=asked, headers=auth)).status_code == 200
    staff = {"X-Api-Key": await a_key(desk, "staff")}
    told = (await desk.client.get("/v1/audit?type=webhook.changed", headers=staff)).json()["items"]
    assert [one["changes"] for one in told] == [
        [],
        [
            {"field": "event_types", "old": [], "new": ["tta.confirmed"]},
            {"field": "url_host", "old": "one.example", "new": "two.example"},
        ],
        [{"field": "status", "old": "enabled", "new": "paused"}],
    ]
    assert {one["actor"]["id"] for one in told} == {str(partner.id)}
    async with desk.database.read() as session:
        assert "s3cret" not in str([event.data for event in await session.scalars(select(Event))])


async def test_lists_have_links_and_say_them_in_the_header_too(desk, partner, auth):
    staff = {"X-Api-Key": await a_key(desk, "staff")}
    await an_owner(desk, name="Another")
    for n in range(2):
        made = await register(desk, auth, f"https://partner.example/hooks/{n}")
        await desk.client.post(f"/v1/webhook-endpoints/{made['id']}/test", headers=auth)
    for headers, path in (
        (auth, "/v1/deliveries"), (staff, "/v1/audit"), (staff, "/v1/keys"), (staff, "/v1/owners"),
    ):  # fmt: skip
        first = await desk.client.get(f"{path}?limit=1", headers=headers)
        following = first.json()["links"]["next"]
        assert first.headers["link"] == f'<{following}>; rel="next"', path
    for path in ("/v1/webhook-endpoints", "/v1/event-types"):
        whole = (await desk.client.get(path, headers=auth)).json()
        assert whole["links"] == {"self": path, "next": None, "prev": None}
        assert whole["total"] == len(whole["items"])
