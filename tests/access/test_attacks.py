"""What an attacker tries: guessing, smuggling, injecting, and reading keys where they should not be."""

import asyncio
import statistics
import time

import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import given
from hypothesis import strategies as st

from app.access import keys
from app.access.gate import credential
from app.core.errors import Unauthenticated
from tests.access.make import a_key
from tests.make import running

CHARACTERS = st.sampled_from(keys.ALPHABET)


@given(st.binary(min_size=32, max_size=32))
def test_every_key_reads_as_itself(secret):
    text = keys.make()
    assert (len(text), keys.parse(text).digest) == (keys.KEY_LENGTH, keys.digest(text))
    assert text.startswith(keys.parse(text).prefix + "_")


@given(st.data())
def test_one_wrong_character_is_told_without_a_look_into_the_database(data):
    text = keys.make()
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters().filter(lambda c: c != text[place]))
    with pytest.raises(keys.MalformedKey) as caught:
        keys.parse(text[:place] + other + text[place + 1 :])
    assert text[20:] not in str(caught.value)


@given(st.text(max_size=200))
def test_nothing_but_a_key_is_read_as_one(text):
    with pytest.raises(keys.MalformedKey):
        keys.parse(text)


HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"authorization", b"x-api-key", b"x-other"]),
        st.one_of(st.binary(max_size=80), st.builds(lambda k: b"Bearer " + k, st.binary(max_size=80))),
    ),
    max_size=4,
)


@given(HEADERS)
def test_headers_of_any_bytes_carry_one_credential_none_or_are_refused(headers):
    sent = [(name, value) for name, value in headers if name != b"x-other"]
    try:
        found = credential(headers)
    except Unauthenticated:
        assert sent
    else:
        assert (found is None) == (not sent)


async def test_a_key_that_does_not_work_is_refused_on_every_route(bare):
    """Malformed, unknown, expired, revoked, doubled, by another scheme: on public routes and unknown ones too."""
    good, now = await a_key(bare), bare.clock()
    wrong = keys.make()
    wrong = good[:18] + wrong[18:-6]
    bad = {
        "malformed": {"X-Api-Key": "pmhc_"},
        "unknown": {"Authorization": f"Bearer {wrong + keys.checksum(wrong)}"},
        "expired": {"X-Api-Key": await a_key(bare, expires_at=now)},
        "revoked": {"X-Api-Key": await a_key(bare, revoked_at=now)},
        "conflict": {"X-Api-Key": good, "Authorization": f"Bearer {await a_key(bare)}"},
        "scheme": {"Authorization": "Basic cG1oYzpwbWhj"},
    }
    paths = {context.path_format for context in iter_route_contexts(bare.app.app.routes)}
    for path in sorted(paths | {"/v1/nowhere", "/"}):
        for reason, headers in bad.items():
            answer = await bare.client.get(path, headers=headers)
            assert (answer.status_code, answer.json().get("reason")) == (401, reason), path
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
            assert answer.headers["Cache-Control"] == "no-store"
            assert not any(value in answer.text for value in (good, wrong, "cG1oYzpwbWhj"))
    both = await bare.client.get("/livez", headers={"X-Api-Key": good, "Authorization": f"Bearer {good}"})
    assert both.status_code == 200


async def test_a_bad_key_comes_before_a_bad_request(bare):
    headers = {"X-Api-Key": keys.make(), "Content-Type": "application/json"}
    for body in (b"{", b"\xff\xfe", b'{"owner_id": 7}'):
        answer = await bare.client.post("/v1/keys?colour=red", content=body, headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (401, "unknown")


async def test_an_answer_kept_for_everybody_is_not_given_to_a_bad_key(bare):
    await bare.client.get("/v1/editions")
    answer = await bare.client.get("/v1/editions", headers={"X-Api-Key": keys.make()})
    assert answer.status_code == 401


async def test_what_a_key_may_see_is_never_kept_for_others(bare):
    staff = await a_key(bare, "staff")
    assert (await bare.client.get("/v1/keys", headers={"X-Api-Key": staff})).status_code == 200
    assert (await bare.client.get("/v1/keys")).status_code == 401


@pytest.mark.parametrize(
    "value",
    ["pmhc_\r\nX-Evil: 1", "pmhc_\x00", "' OR 1=1 --", "pmhc_ÿÿÿ", "a" * 20_000, "", "pmhc_" + "A" * 62],
)
async def test_odd_bytes_in_a_key_are_refused_and_never_repeated(bare, value):
    headers = [(b"x-api-key", value.encode("latin-1"))]
    answer = await bare.client.get("/v1/whoami", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["reason"] == "malformed"
    assert "evil" not in str(answer.headers).lower()
    assert not value or value not in answer.text


async def test_a_forwarded_address_cannot_inject_a_header(bare_url):
    async with running(bare_url, trusted_proxies="127.0.0.1") as world:
        headers = [(b"x-forwarded-for", b"1.2.3.4\r\nX-Evil: 1, ::1%\r\nX-Evil: 2")]
        answer = await world.client.get("/v1/whoami", headers=headers)
        assert answer.status_code == 200
        assert "x-evil" not in answer.headers


async def test_keys_enter_no_log_metric_or_answer(bare_url, capsys):
    """A canary: each way in which a key can be used or refused, and everything the server says meanwhile."""
    async with running(bare_url, log_level="debug") as world:
        good, staff, unknown = await a_key(world), await a_key(world, "staff"), keys.make()
        shown = []
        for key in (good, staff, unknown, good[:-1], good + "x", good.swapcase()):
            for headers in ({"X-Api-Key": key}, {"Authorization": f"Bearer {key}"}, {"Authorization": f"Basic {key}"}):
                for method, path in (("GET", "/v1/whoami"), ("POST", "/v1/keys"), ("GET", "/v1/audit"), ("GET", "/x")):
                    shown.append((await world.client.request(method, path, headers=headers)).text)
        href = (await world.client.get("/v1/whoami", headers={"X-Api-Key": good})).json()["key"]["href"]
        await world.client.post(f"{href}/rotate", json={}, headers={"X-Api-Key": good})
        await world.client.post(f"{href}/revoke", headers={"X-Api-Key": staff})
        shown += [
            (await world.client.get(path, headers={"X-Api-Key": staff})).text for path in ("/v1/audit", "/v1/keys")
        ]
        shown.append((await world.client.get("/metrics")).text)
    told = capsys.readouterr()
    shown += [told.out, told.err]
    for key in (good, staff, unknown):
        secret = key.rsplit("_", maxsplit=1)[-1]
        for text in shown:
            assert secret not in text
            assert secret[:20] not in text
            assert keys.digest(key) not in text


async def test_unknown_keys_and_wrong_secrets_take_the_same_path(bare, statements):
    good = await a_key(bare)
    other = keys.make()
    wrong = good[:18] + other[18:-6]
    wrong += keys.checksum(wrong)
    told = []
    for key in (other, wrong):
        with statements(bare.database) as run:
            answer = await bare.client.get("/v1/whoami", headers={"X-Api-Key": key})
        document = answer.json()
        told.append((answer.status_code, document["detail"], document["reason"], list(run)))
    assert told[0] == told[1]
    assert len(told[0][-1]) == 1


async def test_keys_that_cannot_be_read_as_keys_cost_no_statement(bare, statements):
    with statements(bare.database) as run:
        for value in ("pmhc_", "nonsense", keys.make()[:-1] + "!"):
            assert (await bare.client.get("/v1/whoami", headers={"X-Api-Key": value})).status_code == 401
    assert run == []


async def test_a_busy_key_costs_one_read_for_all_its_requests(bare, statements, monkeypatch):
    monkeypatch.setattr("app.access.keyring.KEPT_SECONDS", 60.0)
    key = await a_key(bare)
    with statements(bare.database) as run:
        for _ in range(20):
            assert (await bare.client.get("/v1/whoami", headers={"X-Api-Key": key})).status_code == 200
    assert len(run) == 1


async def test_the_time_to_refuse_says_nothing_about_which_keys_exist(bare):
    """Medians of interleaved tries; a look-up more, or a comparison that stops early, would show."""
    good = await a_key(bare)
    took: dict[str, list[float]] = {"unknown": [], "wrong": []}
    for _ in range(60):
        other = keys.make()
        wrong = good[:18] + other[18:-6]
        for kind, key in (("unknown", other), ("wrong", wrong + keys.checksum(wrong))):
            began = time.perf_counter()
            await bare.client.get("/v1/whoami", headers={"X-Api-Key": key})
            took[kind].append(time.perf_counter() - began)
    one, other = (statistics.median(times) for times in took.values())
    assert 1 / 3 < one / other < 3


async def test_a_flood_of_odd_callers_is_held_in_bounded_memory(bare, monkeypatch):
    monkeypatch.setattr("app.access.limiter.CALLERS", 500)
    limiter = bare.app.app.user_middleware[0].kwargs["limiter"]
    policy = bare.state.policies["anonymous"]
    counted = await asyncio.gather(*(limiter.take(policy, f"caller {n}") for n in range(600)))
    assert not any(standing.refused for standing in counted)
    assert len(limiter._memory._windows["anonymous"]) == 500
