"""Owners are changed by staff, and what was changed is told without anybody's address."""

from sqlalchemy import select

from app.core.notices import Notice, NoticeStatus
from app.core.work import Event
from tests.access.make import a_key, an_owner
from tests.make import running
from tests.webhooks.make import receiver, register


async def change(world, key, owner, **asked):
    return await world.client.patch(f"/v1/owners/{owner.id}", json=asked, headers={"X-Api-Key": key})


async def test_staff_change_an_owner_and_the_trail_holds_no_address(bare):
    staff, partner = await a_key(bare, "staff"), await an_owner(bare)
    for asked in (
        {"contact_email": "it@madison.gov"},
        {"name": "Madison PD", "contact_email": "desk@madison.gov"},
        {"contact_email": None},
        {"name": "Madison PD"},
        {},
    ):
        answer = await change(bare, staff, partner, **asked)
        assert answer.status_code == 200, answer.text
        assert {name: answer.json()[name] for name in asked} == asked
    trail = await bare.client.get("/v1/audit?type=owner.changed", headers={"X-Api-Key": staff})
    assert [(one["data"]["fields"], one["changes"]) for one in reversed(trail.json()["items"])] == [
        (["contact_email"], [{"field": "has_contact_email", "old": False, "new": True}]),
        (["contact_email", "name"], [{"field": "name", "old": "Madison Police Department", "new": "Madison PD"}]),
        (["contact_email"], [{"field": "has_contact_email", "old": True, "new": False}]),
    ]
    async with bare.database.read() as session:
        assert "@" not in str([event.data for event in await session.scalars(select(Event))])


async def test_a_persons_name_is_in_no_event(bare):
    staff, person = await a_key(bare, "staff"), await an_owner(bare, "staff", "Maria Lopez")
    assert (await change(bare, staff, person, name="Maria Smith")).json()["name"] == "Maria Smith"
    trail = await bare.client.get("/v1/audit?type=owner.changed", headers={"X-Api-Key": staff})
    assert "Maria" not in trail.text


async def test_what_is_no_owner_or_no_address_is_refused_and_partners_change_none(bare):
    staff, partner = await a_key(bare, "staff"), await an_owner(bare)
    theirs = await a_key(bare, owner=partner)
    assert (await change(bare, theirs, partner, name="Us")).status_code == 403
    assert (await change(bare, staff, partner, contact_email="nobody")).status_code == 422
    assert (await change(bare, staff, partner, kind="staff")).status_code == 422
    answer = await bare.client.patch(
        f"/v1/owners/{partner.id}".replace("0", "1"), json={}, headers={"X-Api-Key": staff}
    )
    assert answer.status_code == 404


async def test_a_new_name_is_shown_at_once(bare):
    staff, partner = await a_key(bare, "staff"), await an_owner(bare)
    key = {"X-Api-Key": await a_key(bare, owner=partner)}
    assert (await bare.client.get("/v1/whoami", headers=key)).json()["name"] == "Madison Police Department"
    await change(bare, staff, partner, name="Madison PD")
    assert (await bare.client.get("/v1/whoami", headers=key)).json()["name"] == "Madison PD"


async def test_with_an_address_given_later_the_letter_about_a_disabled_endpoint_goes_out(bare_url):
    async with running(bare_url, webhook_loopback=True) as world, receiver(status=410) as gone:
        staff, partner = await a_key(world, "staff"), await an_owner(world)
        auth = {"X-Api-Key": await a_key(world, owner=partner)}
        await change(world, staff, partner, contact_email="it@madison.gov")
        made = await register(world, auth, gone.url)
        await world.client.post(f"/v1/webhook-endpoints/{made['id']}/test", headers=auth)
        await world.drain()
        async with world.database.read() as session:
            letter = await session.scalar(select(Notice).where(Notice.kind == "webhook.disabled"))
        assert letter.status is NoticeStatus.SENT
