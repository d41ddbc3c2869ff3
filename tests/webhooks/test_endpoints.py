"""What a partner does with its endpoints: their secrets, what is told of a change, and how they are listed."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from app.core.work import Event
from app.webhooks.models import WebhookEndpoint
from app.webhooks.secret import PREVIOUS_MOST, signing_secrets
from tests.access.make import a_key, an_owner
from tests.webhooks.make import deliveries, happen, receiver, register


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


async def test_a_deleted_endpoint_is_gone_makes_room_and_leaves_its_history(desk, partner, auth, monkeypatch):
    monkeypatch.setattr("app.webhooks.service.ENDPOINTS_MAX", 1)
    async with receiver(script=[204, 500]) as theirs:
        made = await register(desk, auth, f"{theirs.url}/s3cret", description="Ours")
        path = f"/v1/webhook-endpoints/{made['id']}"
        for _ in range(2):
            await happen(desk, partner)
            await desk.drain()
        assert (await desk.client.delete(path, headers=auth)).status_code == 204
        await happen(desk, partner)
        desk.clock.advance(days=1)
        await desk.drain()
        assert len(theirs.came) == 2
        for method, where in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/rotate")):
            body = {"json": {}} if method == "PATCH" or where == "/rotate" else {}
            assert (await desk.client.request(method, path + where, headers=auth, **body)).status_code == 404
        assert (await desk.client.get("/v1/webhook-endpoints", headers=auth)).json()["items"] == []
        history = await deliveries(desk, auth)
        assert [(one["status"], len(one["attempts"])) for one in history] == [("failed", 1), ("delivered", 1)]
        again = await desk.client.post(f"/v1/deliveries/{history[0]['id']}/redeliver", headers=auth)
        assert again.status_code == 404
        silent = await desk.client.get("/v1/me/silences", headers=auth)
        assert silent.json()["items"] == []
        await register(desk, auth, theirs.url)
        async with desk.database.read() as session:
            row = await session.get_one(WebhookEndpoint, UUID(made["id"]))
            assert theirs.url not in row.url
            assert row.description is None
            assert signing_secrets(desk.state.seal, row, desk.clock()) != [made["secret"]]


async def test_a_try_that_was_under_way_when_its_endpoint_was_deleted_is_noted_and_undoes_nothing(desk, partner, auth):
    for status, ends in ((204, "delivered"), (500, "failed"), (410, "failed")):
        async with receiver(status=status) as theirs:
            made = await register(desk, auth, theirs.url)
            await happen(desk, partner)
            for name in ("number_events", "dispatch"):
                await desk.state.worker.work[name](desk.database, desk.clock())
            sender = desk.state.worker.work["send_webhooks"]
            [claimed] = await sender._claim(desk.database, desk.clock(), 10)
            deleted = await desk.client.delete(f"/v1/webhook-endpoints/{made['id']}", headers=auth)
            assert deleted.status_code == 204
            await sender._deliver(desk.database, claimed)
            [one] = await deliveries(desk, auth, endpoint=made["id"])
            assert (one["status"], one["next_attempt_at"]) == (ends, None)
            gone = await desk.client.get(f"/v1/webhook-endpoints/{made['id']}", headers=auth)
            assert gone.status_code == 404
