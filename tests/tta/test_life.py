"""Any actions, by anybody, at any times: the life of a request keeps its promises."""

from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.cli import app
from app.tta.states import DESK, ENDS, PAUSES, STEPS, Action, By
from tests.make import anyio_thread
from tests.tta.make import MORE, Person, a_member_of_staff, a_partner

PATH = "/v1/tta-requests"
MOMENTS = st.tuples(
    st.sampled_from(sorted(Action)), st.sampled_from(["staff", "clerk", "partner", "stranger"]), st.integers(0, 30)
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(story=st.lists(MOMENTS, max_size=14), sleepy=st.booleans())
async def test_whatever_anybody_does_the_invariants_hold(shared, story, sleepy):
    cast = {
        "partner": await a_partner(shared), "stranger": await a_partner(shared, "Stranger"),
        "staff": await a_member_of_staff(shared), "clerk": await a_member_of_staff(shared, "Clerk"),
    }  # fmt: skip
    partner, staff = cast["partner"], cast["staff"]
    id_ = await partner.asks()
    before = await partner.sees(id_)
    due = datetime.fromisoformat(before["clock"]["due_at"])
    paused_from, moved = None, 0
    for action, name, hours in story:
        shared.clock.advance(hours=hours)
        if not sleepy:
            await shared.drain()
        who = cast[name]
        more = {**MORE.get(action, {})}
        for field in ("starts_at", "ends_at", "new_due_at"):
            if field in more:
                more[field] = f"{shared.clock().year + 1}-06-0{1 + (field == 'ends_at')}T00:00:00Z"
        answer = await who.act(id_, action, **more)
        seen = await staff.sees(id_)
        by = By.STAFF if name in {"staff", "clerk"} else By.REQUESTER
        row = STEPS.get((before["status"], action))
        if name == "stranger":
            assert answer.status_code == 404
        elif action in DESK:
            assert answer.status_code in {200, 409}
            assert answer.status_code == 409 or by is By.STAFF
        elif answer.status_code == 200:
            moved += 1
            assert by in row.by
            assert seen["status"] == (row.after or paused_from)
            if seen["status"] in PAUSES:
                paused_from = before["status"]
        else:
            assert answer.status_code == 409
            assert not row or by not in row.by or (action is Action.EVALUATE and before["evaluated_at"])
        if answer.status_code != 200:
            assert (seen["status"], seen["reason"]) == (before["status"], before["reason"])
        held(seen, due, shared.clock())
        before = seen
    await shared.drain()
    timeline = await staff.timeline(id_)
    moves = [e for e in timeline if e["status_before"] is not None]
    assert len(moves) == moved
    assert all(e["reason"] and e["by"] in {"staff", "requester"} for e in moves)
    assert [e["at"] for e in timeline] == sorted(e["at"] for e in timeline)
    steps = [e["data"]["step"] for e in timeline if e["type"] == "tta.escalated"]
    assert steps == [50, 75, 90, 100][: len(steps)]
    broken = [e["data"]["promise"] for e in timeline if e["type"] == "tta.promise_breached"]
    assert len(broken) == len(set(broken))
    assert ("confirmation" in broken) == (before["clock"]["state"] == "breached") == (100 in steps)
    public = {e["id"] for e in await partner.timeline(id_)}
    assert public == {e["id"] for e in timeline if not e["internal"]}


def held(seen, due, now) -> None:
    """What is true of a request at every moment."""
    clock = seen["clock"]
    assert datetime.fromisoformat(clock["due_at"]) == due, "the confirmation never moves"
    assert not (clock["met_at"] and clock["cancelled_at"])
    met = clock["met_at"] and datetime.fromisoformat(clock["met_at"])
    if clock["state"] == "met":
        assert met <= due
    if clock["state"] == "running":
        assert now <= due
        assert seen["status"] == "submitted"
    if clock["state"] == "breached":
        assert clock["breached_at"] is None or datetime.fromisoformat(clock["breached_at"]) == due
    assert (seen["status"] in ENDS) <= (clock["state"] != "running")
    assert len(seen["promises"]) == (2 if met else 1)
    assert seen["confirmation_receipt"] is None or met
    assert set(seen["allowed_actions"]) <= set(Action)


async def test_a_list_of_fifty_costs_as_many_statements_as_a_list_of_five(world, statements):
    partner, staff = await a_partner(world), await a_member_of_staff(world)
    ids = [await partner.asks() for _ in range(50)]
    for id_ in ids[::2]:
        await staff.does(id_, "claim")
    for _ in range(5):
        await staff.post(f"{PATH}/{ids[0]}/messages", {"words": "Hello."})
    for path in (PATH, f"{PATH}/{ids[0]}/timeline", f"{PATH}/counts"):
        run = []
        for limit in (2, 50):
            await staff.get(path)
            with statements(world.database) as counted:
                await staff.get(path, params={} if "counts" in path else {"limit": limit})
            # A key is looked at again every second or so: not what is counted here.
            run.append(sum("api_key" not in statement for statement in counted))
        assert run[0] == run[1], path
        assert run[0] <= 8, path


async def test_a_sweep_of_many_costs_a_constant_number_of_statements(world, statements):
    partner = await a_partner(world)
    run = []
    for n in (2, 40):
        for _ in range(n):
            await partner.asks()
        world.clock.advance(days=2)
        with statements(world.database) as counted:
            assert await world.state.worker.work["tell_steps"](world.database, world.clock()) == n
        run.append(len(counted))
    assert run[1] <= run[0] + 2


async def test_the_signing_key_is_rotated_on_the_command_line(world, bare_url, monkeypatch):
    old = (await Person(world.client).ask()).json()["receipt"]
    monkeypatch.setenv("APP_DATABASE_URL", world.settings.database_url.get_secret_value())
    done = await anyio_thread(CliRunner().invoke, app, ["keys", "rotate-signing"])
    assert done.exit_code == 0, done.output
    await world.state.signer.refresh()
    keys = (await world.client.get("/.well-known/jwks.json")).json()["keys"]
    assert keys[0]["kid"] == done.stdout.strip()
    assert len(keys) == 2
    assert old
