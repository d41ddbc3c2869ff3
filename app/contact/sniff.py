"""What a file is, judged by its content; what it is called is only compared with that. Pure.

It is judged in a thread, so nothing here may keep the interpreter to itself for long: text is looked at in pieces, by
functions that are C, and an archive with more entries than a document has is not opened.
"""

import codecs
import hashlib
import struct
import zipfile
from io import BytesIO
from typing import NamedTuple

import puremagic

from app.core.errors import Problem

FILE_LIMIT = 10 * 1024 * 1024
"""Largest attachment, in bytes."""
PDF = "application/pdf"
OFFICE = "application/vnd.openxmlformats-officedocument."
TYPES = {
    PDF: (".pdf",),
    OFFICE + "wordprocessingml.document": (".docx",),
    OFFICE + "presentationml.presentation": (".pptx",),
    OFFICE + "spreadsheetml.sheet": (".xlsx",),
    "text/plain": (".txt", ".md", ".csv"),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
}
"""Media types that are taken, and how the name of a file of each may end: by that its reader's computer decides what
to do with it, so `run.bat` is no text."""
PARTS = {"word/document.xml": "wordprocessingml.document", "ppt/presentation.xml": "presentationml.presentation",
         "xl/workbook.xml": "spreadsheetml.sheet"}  # fmt: skip
UNPACKED_LIMIT = 200 * 1024 * 1024
ENTRIES_LIMIT = 4000
"""The most parts of a document; each costs the reader of archives some time."""
ENTRY = b"PK\x01\x02"
ENCRYPTED = 0x1
"""The bit of a ZIP entry's flags that says that nobody reads it without a password."""
UNREADABLE = (zipfile.BadZipFile, ValueError, OSError, EOFError, RuntimeError, OverflowError, struct.error)
"""What the library raises for archives that are broken, or made by rules that it does not know."""
PIECE = 64 * 1024
CONTROLS = bytes(code for code in range(32) if code not in b"\t\r\n\f")


class Judged(NamedTuple):
    """What was found in a file."""

    media_type: str | None
    size: int
    sha256: str


class WrongContent(Problem):
    """The file is not what it was announced as, or of a kind that is not taken: PDF, Word, PowerPoint, Excel (without
    macros), plain text, PNG and JPEG are."""

    status, title = 415, "The content is not what was announced"


def judge(content: bytes) -> Judged:
    """Look at a file. Takes some milliseconds for each megabyte: not for the event loop, nor for a transaction."""
    return Judged(media_type_of(content), len(content), hashlib.sha256(content).hexdigest())


def media_type_of(content: bytes) -> str | None:
    """The type of a file's content, as far as it is one that is taken."""
    if content.startswith(b"PK\x03\x04"):
        return _office(content)
    try:
        named = puremagic.from_string(content, mime=True)
    except (puremagic.PureError, ValueError):
        named = ""
    if named in (PDF, "image/png", "image/jpeg"):
        return named
    return "text/plain" if not named.startswith(("image/", "application/", "text/html")) and _is_text(content) else None


def _office(content: bytes) -> str | None:
    """Which Office document a ZIP archive is; with macros, a password, or no end when unpacked it is none."""
    if content.count(ENTRY) > ENTRIES_LIMIT:
        return None
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
    except UNREADABLE:
        return None
    if any(entry.flag_bits & ENCRYPTED for entry in entries) or sum(e.file_size for e in entries) > UNPACKED_LIMIT:
        return None
    names = {entry.filename for entry in entries}
    if "[Content_Types].xml" not in names or any("vbaProject" in name for name in names):
        return None
    return next((OFFICE + kind for part, kind in PARTS.items() if part in names), None)


def _is_text(content: bytes) -> bool:
    begins = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:800].decode("utf-8", "ignore").lower()
    if begins.startswith(("<!doctype", "<html", "<svg", "<?xml", "<script")):
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), PIECE):
            piece = content[start : start + PIECE]
            if len(piece.translate(None, CONTROLS)) < len(piece):
                return False
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
