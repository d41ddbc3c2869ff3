"""A content endpoint's way to an edition: which one is asked for, what the client takes, and how the answer is sent."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from fastapi import Depends, Request

from app.core.answers import Answer
from app.core.errors import NotAcceptable, NotFound
from app.core.web import refuses
from app.editions.asking import SPARSE
from app.editions.shelf import Shelf
from app.editions.snapshot import Snapshot

SETTLED_SECONDS = 86_400


class EditionNotFound(NotFound):
    """There is no edition of that number. `GET /v1/editions` lists those there are."""

    title = "No such edition"


class Reader:
    """What a content endpoint holds: the request, and the edition it is answered from."""

    def __init__(self, request: Request, max_age: int, vary: str = "Accept-Encoding") -> None:
        """Bind to the request; `on` chooses the edition."""
        self.request, self._max_age, self._vary = request, max_age, vary
        self.shelf: Shelf = request.app.state.shelf
        self.settled = False
        self.shown: Snapshot = self.shelf.current

    async def on(self, edition: int | None) -> Snapshot:
        """The edition asked for, or the newest."""
        if edition is not None:
            self.settled = True
            found = await self.shelf.at(edition)
            if found is None:
                raise EditionNotFound(f"There is no edition {edition}; the newest is {self.shelf.current.number}.")
            self.shown = found
        return self.shown

    def answer(
        self, body: bytes, *, media_type: str = "application/json", headers: Mapping[str, str] | None = None,
        digested: bool = False,
    ) -> Answer:  # fmt: skip
        """A finished answer of this edition."""
        # What an edition said never changes, so a read that names its edition may be kept much longer.
        age = SETTLED_SECONDS if self.settled else self._max_age
        return Answer(
            body,
            media_type=media_type,
            cache_control=f"public, max-age={age}, stale-while-revalidate={age * 10}",
            headers={"Toolkit-Edition": str(self.shown.number), **(headers or {})},
            vary=self._vary,
            digested=digested,
        )


# Both are coroutines, though they await nothing: the framework runs functions in threads, and a turn of those costs
# more than the whole answer.
@refuses(NotAcceptable)
async def _reader(request: Request) -> Reader:
    accept_json(request.headers.get("accept"))
    return Reader(request, request.app.state.settings.max_age)


@refuses(NotAcceptable)
async def _open_reader(request: Request) -> Reader:
    return Reader(request, request.app.state.settings.max_age, vary="Accept, Accept-Encoding")


READERS = {_reader: _reader, _open_reader: _open_reader}
Content = Annotated[Reader, Depends(_reader)]
"""A reader for addresses that speak JSON alone."""
NegotiatedContent = Annotated[Reader, Depends(_open_reader)]
"""A reader for addresses that look at `Accept` themselves."""


def accepts(header: str | None, offered: Iterable[str]) -> str | None:
    """The first of the offered media types that the `Accept` header takes; None where it takes none."""
    if not header:
        return next(iter(offered))
    weights: dict[str, float] = {}
    for part in header.split(","):
        name, _, parameters = part.partition(";")
        q = parameters.replace(" ", "").partition("q=")[2].partition(";")[0]
        try:
            weights[name.strip().lower()] = float(q) if q else 1.0
        except ValueError:
            weights[name.strip().lower()] = 0.0
    best: str | None = None
    weight = 0.0
    for media in offered:
        ranges = (media, media.split("/", maxsplit=1)[0] + "/*", "*/*")
        asked = next((weights[r] for r in ranges if r in weights), 0.0)
        if asked > weight:
            best, weight = media, asked
    return best


def accept_json(header: str | None) -> None:
    """Refuse what JSON cannot satisfy."""
    if header and accepts(header, ("application/json", SPARSE)) is None:
        raise NotAcceptable("This address speaks application/json.", available=["application/json"])
