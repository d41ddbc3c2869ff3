"""A letter as mail systems take it (RFC 5322): plain text and HTML side by side, built by the standard library.

Failure cases first. Nothing that people typed can add a header: names are laid on one line, addresses are checked,
and the library refuses what is left. The Message-ID is made of the notice's id, so a letter that has to be sent twice
is the same letter to every mail system on the way, and a reader's program can drop the second.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from uuid import UUID

from app.mail.render import Words

POLICY = SMTP.clone(cte_type="7bit")
"""Not every mail system on the way takes more than seven bits."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Everything about a letter but its words."""

    notice_id: UUID
    subject_id: UUID
    sender: Address
    to: Address
    reply_to: Address | None

    @property
    def message_id(self) -> str:
        """The same for every attempt."""
        return f"<{self.notice_id}@{self.sender.domain}>"

    def headers(self, now: datetime) -> Iterator[tuple[str, object]]:
        """What stands above the words, the subject apart."""
        yield "From", self.sender
        yield "To", self.to
        if self.reply_to is not None:
            yield "Reply-To", self.reply_to
        yield "Date", now
        yield "Message-ID", self.message_id
        # A thread of its own for each request: no letter has this id, and all refer to it.
        yield "References", f"<{self.subject_id}@{self.sender.domain}>"
        # RFC 3834: holiday notices and robots do not answer.
        yield "Auto-Submitted", "auto-generated"


def build(envelope: Envelope, words: Words, now: datetime) -> EmailMessage:
    """Put a letter together."""
    message = EmailMessage(policy=POLICY)
    for name, value in envelope.headers(now):
        message[name] = value
    message["Subject"] = words.subject
    message.set_content(words.text)
    message.add_alternative(words.html, subtype="html")
    message["Content-Language"] = "en"
    # Made of the id, not of chance: the same letter is the same bytes.
    message.set_boundary(f"=_{envelope.notice_id.hex}")
    return message
