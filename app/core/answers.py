"""Finished public answers: compressed once per encoding, tagged, kept for their edition, sent without the framework.

An `Answer` is a Starlette response, so an endpoint returns it like any other; on its way out it leaves itself in the
`Answers` cache under the key that the door put into the scope. The door (`core.door`) serves the next request for the
same key straight from there. The cache is bounded in bytes, and emptied when another edition is shown; an answer that
was begun under the old edition is not kept (`generation`).
"""

import base64
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import brotli
import zstandard
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstandard.ZstdCompressor(level=6).compress(body),
    "br": lambda body: brotli.compress(body, quality=5),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
}
"""Content codings in the order we prefer them; mtime=0 makes the same bytes on every replica."""
WORTH_COMPRESSING = 600
KEPT_WHOLE = 1 / 8
"""An answer larger than this share of the cache is not kept: it would push out too much."""
Key = tuple[str, bytes, bytes]
"""Path, query, and what the client takes."""


@dataclass(slots=True)
class Variant:
    """An answer in one content coding, ready to send."""

    headers: Headers
    not_modified: Headers
    etag: bytes
    body: bytes
    dressed: tuple[Headers, Headers] | None = None
    """Both lists of headers with what the door adds to every answer, made once by the door."""


class Answer(Response):
    """A public answer that is the same bytes for everybody."""

    def __init__(
        self,
        body: bytes,
        *,
        media_type: str = "application/json",
        cache_control: str = "no-store",
        headers: dict[str, str] | None = None,
        vary: str = "Accept-Encoding",
        digested: bool = False,
    ) -> None:
        """Wrap the bytes of the body; coded variants are made when first asked for.

        `digested` sends `Content-Digest`, which is of the bytes in their content coding (RFC 9530).
        """
        super().__init__(b"", media_type=media_type)
        self.body: bytes = body
        self._digest = hashlib.sha256(media_type.encode() + body).hexdigest()[:24]
        self._common: Headers = [
            (b"cache-control", cache_control.encode()),
            (b"vary", vary.encode()),
            *((name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()),
        ]
        self._variants: dict[str, Variant] = {}
        self._digested = digested
        self.room: Callable[[int], None] | None = None
        """Told how many bytes a new variant takes, once the answer is in a cache."""

    @property
    def size(self) -> int:
        """Bytes held: the body in every coding made so far, and a little for the rest."""
        return len(self.body) + 2048 + sum(len(v.body) for name, v in self._variants.items() if name)

    def variant(self, coding: str) -> Variant:
        """The answer in a content coding; `""` is as it is."""
        if coding and len(self.body) < WORTH_COMPRESSING:
            coding = ""
        made = self._variants.get(coding)
        if made is None:
            body = COMPRESSORS[coding](self.body) if coding else self.body
            etag = f'"{self._digest}{"-" + coding if coding else ""}"'.encode()
            tagged = [*self._common, (b"etag", etag)]
            kind = self.media_type or "application/octet-stream"
            whole = [*tagged, (b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
            if coding:
                whole.append((b"content-encoding", coding.encode()))
            if self._digested:
                whole.append((b"content-digest", content_digest(body)))
            made = self._variants[coding] = Variant(headers=whole, not_modified=tagged, etag=etag, body=body)
            if self.room and coding:
                self.room(len(body))
        return made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave the answer in the cache the door named, then send it."""
        keep = scope.get("pmhc.keep")
        if keep:
            keep(self)
        sent = dict(scope["headers"])
        variant = self.variant(choose_coding(sent.get(b"accept-encoding", b"")))
        status, headers, body = 200, variant.headers, variant.body
        condition = sent.get(b"if-none-match")
        if condition and matches(condition, variant.etag):
            status, headers, body = 304, variant.not_modified, b""
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Answers:
    """The finished answers of the edition now shown, least recently used out first."""

    def __init__(self, limit: int) -> None:
        """Bound the cache to `limit` bytes; 0 keeps nothing."""
        self.limit, self.size, self.generation = limit, 0, 0
        self.hits = self.misses = 0
        self._held: OrderedDict[Key, Answer] = OrderedDict()

    def get(self, key: Key) -> Answer | None:
        """The answer kept under a key."""
        answer = self._held.get(key)
        if answer is None:
            self.misses += 1
            return None
        self.hits += 1
        self._held.move_to_end(key)
        return answer

    def keeper(self, key: Key) -> Callable[[Answer], None]:
        """A function that keeps an answer under the key, unless another edition has been shown meanwhile."""
        generation = self.generation

        def keep(answer: Answer) -> None:
            if generation == self.generation and answer.size <= self.limit * KEPT_WHOLE and key not in self._held:
                self._held[key] = answer
                answer.room = self._grow
                self._grow(answer.size + _weight(key))

        return keep

    def _grow(self, size: int) -> None:
        self.size += size
        while self.size > self.limit and self._held:
            key, out = self._held.popitem(last=False)
            out.room = None
            self.size -= out.size + _weight(key)

    def clear(self) -> None:
        """Forget everything: another edition is shown."""
        for answer in self._held.values():
            answer.room = None
        self._held.clear()
        self.size = 0
        self.generation += 1


def content_digest(body: bytes) -> bytes:
    """SHA-256 in the form of RFC 9530."""
    return b"sha-256=:%b:" % base64.b64encode(hashlib.sha256(body).digest())


def _weight(key: Key) -> int:
    # Clients choose the keys, so these count as well as what they lead to.
    return sum(map(len, key))


_CHOSEN: dict[bytes, str] = {}


def choose_coding(accepted: bytes) -> str:
    """Pick the content coding for an `Accept-Encoding` header; q-values are honoured, `""` means none."""
    if not accepted:
        return ""
    chosen = _CHOSEN.get(accepted)
    if chosen is None:
        weights = _weights(accepted.decode("latin-1"))
        offered = [(weights.get(name, weights.get("*", 0.0)), name) for name in COMPRESSORS]
        best = max((weight for weight, _ in offered), default=0.0)
        # Where the client weighs "as it is" above every coding, so be it.
        plain = weights.get("identity", 0.0)
        chosen = next((name for weight, name in offered if weight == best), "") if best > 0 and best >= plain else ""
        if len(_CHOSEN) < 512:  # what clients send varies little; a flood of odd values must not fill memory
            _CHOSEN[accepted] = chosen
    return chosen


def _weights(header: str) -> dict[str, float]:
    weights = {}
    for part in header.split(","):
        name, _, parameters = part.partition(";")
        q = parameters.replace(" ", "").lower().partition("q=")[2]
        try:
            weights[name.strip().lower()] = float(q) if q else 1.0
        except ValueError:
            weights[name.strip().lower()] = 0.0
    return weights


def matches(condition: bytes, etag: bytes) -> bool:
    """Whether an `If-None-Match` header names the tag."""
    if condition == etag:
        return True
    tags = [tag.strip().removeprefix(b"W/") for tag in condition.split(b",")]
    return etag in tags or b"*" in tags
