"""`create_app(settings)`: everything is plugged together here, and nothing else happens here."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from app import __version__
from app.access.addresses import networks
from app.access.gate import Gate
from app.access.key_routes import router as keys
from app.access.keyring import Keyring
from app.access.limiter import Limiter
from app.access.policies import chosen
from app.access.routes import router as access
from app.audit.routes import router as audit
from app.catalog.routes import router as catalog
from app.contact.files import open_files
from app.contact.routes import router as contact
from app.contact.routes import takes_a_file
from app.contact.sniff import FILE_LIMIT
from app.contents import KINDS
from app.core import ops
from app.core.answers import Answers
from app.core.clock import Clock, utcnow
from app.core.db import Database
from app.core.door import Door
from app.core.jwks import router as jwks
from app.core.log import configure
from app.core.metrics import Metrics
from app.core.refusing import install_handlers, render
from app.core.seal import Seal
from app.core.settings import Settings, WorkerMode
from app.core.signing import Signer
from app.docs.addresses import Addresses
from app.docs.document import describe
from app.docs.removals import REMOVALS, Farewell
from app.docs.routes import router as docs
from app.editions.lane import Lane
from app.editions.routes import library as sources
from app.editions.routes import router as editions
from app.editions.shelf import Shelf
from app.library.routes import router as library
from app.sandbox.moving import Turns
from app.sandbox.routes import router as sandbox
from app.sandbox.service import sweeper
from app.search.building import index_of, prepare
from app.search.routes import router as search
from app.silences.routes import router as silences
from app.sites.routes import router as sites
from app.tables import metadata
from app.toolkit.routes import router as toolkit
from app.tta.acknowledgement_routes import router as acknowledgements
from app.tta.desk_routes import router as desk
from app.tta.intake import Intake
from app.tta.quick import QuickPost
from app.tta.routes import asking
from app.tta.routes import router as tta
from app.tta.service_levels import router as service_levels
from app.webhooks.event_routes import router as events
from app.webhooks.routes import router as webhooks
from app.webhooks.streams import Streams
from app.worker import Task, Worker, tasks

ROUTERS = (
    asking, docs, toolkit, catalog, sites, library, search, sources, editions, desk, tta, service_levels, contact,
    events, webhooks, acknowledgements, silences, sandbox, access, keys, audit, jwks, ops.router,
)  # fmt: skip
"""`desk` stands before `tta`: its fixed addresses come before those that hold the name of a request."""


def all_tasks(settings: Settings, clock: Clock) -> Mapping[str, Task]:
    """What a worker does, the ending of sandboxes included."""
    return {**tasks(settings, clock), "end_sandboxes": sweeper(metadata, open_files(settings.files_url))}


def create_app(settings: Settings | None = None, *, clock: Clock = utcnow) -> Door:
    """Build the application for one process; the environment is read here unless settings are given."""
    settings = settings or Settings()
    configure(settings)
    database = Database(settings.database_url.get_secret_value(), settings.database_pool)
    answers = Answers(settings.cache_bytes)
    metrics = Metrics(answers)
    shelf = Shelf(database, KINDS, prepare=[prepare], shown=answers.clear)
    worker = Worker(database, clock, all_tasks(settings, clock), inside=True)
    keyring = Keyring(database)
    secret = settings.secret.get_secret_value()
    seal = Seal(secret)
    signing_key = settings.signing_key.get_secret_value() if settings.signing_key else ""
    signer = Signer(database, seal, clock, signing_key)
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    limiter, policies = Limiter(clock, redis_url, metrics.registry), chosen(settings.limits)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await shelf.refresh()
        watching = [asyncio.create_task(shelf.watch()), asyncio.create_task(keyring.watch())]
        if settings.worker is WorkerMode.INLINE:
            worker.start()
        try:
            yield
        finally:
            await worker.stop()
            for task in watching:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await limiter.close()
            await database.close()

    app = FastAPI(
        title="PMHC Toolkit API",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        # Its spans carry the messages of exceptions, which may quote what a person typed.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    # Not `include_router`, which would build every route a second time for this application, an eighth of a second with
    # the first request: the routers carry their whole addresses, and share nothing that it would add.
    app.router.routes += [route for router in ROUTERS for route in router.routes]
    app.router.middleware_stack = QuickPost(app.router.middleware_stack)
    addresses = Addresses(app)
    app.add_middleware(Lane, contexts=addresses.contexts)
    if REMOVALS:
        app.add_middleware(Farewell, removals=REMOVALS)
    app.add_middleware(
        Gate,
        keyring=keyring,
        limiter=limiter,
        policies=policies,
        trusted=networks(settings.trusted_proxies),
        clock=clock,
    )
    install_handlers(app)
    app.state.policies = policies
    app.state.settings, app.state.database, app.state.clock = settings, database, clock
    app.state.shelf, app.state.answers, app.state.metrics = shelf, answers, metrics
    app.state.allowed, app.state.keyring = addresses.methods, keyring
    app.state.warm = lambda: index_of(shelf.current)
    app.state.worker, app.state.wake, app.state.turns = worker, worker.wake, Turns()
    app.state.files = open_files(settings.files_url)
    app.state.seal, app.state.stopping = seal, asyncio.Event()
    app.state.streams = Streams(database, clock, app.state.stopping)
    app.state.signer, app.state.intake = signer, Intake(database, secret, signer, worker.wake)
    describe(app, addresses)
    return Door(
        app,
        answers,
        metrics,
        body_limit=lambda method, path: FILE_LIMIT if takes_a_file(method, path) else settings.body_limit,
        allowed=addresses.methods,
        opened=addresses.opened,
        render=render,
    )
