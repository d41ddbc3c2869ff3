"""How people and offices are reached: e-mail, telephone, ZIP, web address. Checked by well-kept libraries, and stored
in one form whatever was typed.

Nothing here asks the network: an address is judged by its form, so that the verdict is the same at every moment.
Messages say how to mend the value and never repeat it.
"""

import re
from functools import lru_cache
from typing import Annotated

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, TypeAdapter, ValidationError

from app.core.words import Printable

_HTTP_URL = TypeAdapter(HttpUrl)
_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
"""What may stand before the @ without quotes (RFC 5322)."""
LOCAL_MOST, ADDRESS_MOST = 64, 254
_ZIP = re.compile(r"^(\d{5})(?:[- ]?(\d{4}))?$")


def email(text: str) -> str:
    """Check an e-mail address; the domain comes out in lower case."""
    name, _, domain = text.rpartition("@")
    if _DOT_ATOM.fullmatch(name) and len(name) <= LOCAL_MOST:
        normal = f"{name}@{mail_domain(domain)}"
        if len(normal) <= ADDRESS_MOST:
            return normal
    return _judged(text)


@lru_cache(maxsize=2048)
def mail_domain(domain: str) -> str:
    """Check the domain of an address; domains are few and nobody's secret, so a verdict is remembered."""
    return _judged(f"name@{domain}").partition("@")[2]


def _judged(text: str) -> str:
    try:
        # Without SMTPUTF8: not every mail server on the way carries letters outside ASCII before the @.
        return validate_email(text, check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError:
        # The library's own words quote the address; what was typed is never repeated.
        raise ValueError("must be an e-mail address such as name@agency.gov") from None


def phone(text: str) -> str:
    """Check a telephone number, of the United States unless it begins with +; E.164, with `;ext=` where it has one."""
    advice = "must be a telephone number with its area code, such as 410-555-0100, or begin with + and a country code"
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        raise ValueError(advice) from None
    if not phonenumbers.is_valid_number(number):
        raise ValueError(advice)
    plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{plain};ext={number.extension}" if number.extension else plain


def zip_code(text: str) -> str:
    """Check a ZIP code of five or nine digits; nine come out with a hyphen."""
    found = _ZIP.match(text)
    if found is None:
        raise ValueError("must be a ZIP code of five digits, or nine as 12345-6789")
    return "-".join(part for part in found.groups() if part)


def web_address(text: str) -> str:
    """Check the address of a web page; one without a scheme is read as https."""
    written = text if re.match(r"^[a-zA-Z][a-zA-Z0-9+.-]*:", text) else f"https://{text}"
    try:
        parsed = _HTTP_URL.validate_python(written)
    except ValidationError:
        raise ValueError("must be the address of a web page, such as https://www.agency.gov") from None
    if "." not in (parsed.host or "") or parsed.username or parsed.password:
        raise ValueError("must be the public address of a web page, such as https://www.agency.gov")
    return str(parsed)


def stripped(value: object) -> object:
    """Blanks around what was typed are no part of it."""
    return value.strip() if isinstance(value, str) else value


def blank_is_absent(value: object) -> object:
    """A form sends the fields that nobody filled in as empty strings."""
    return None if isinstance(value, str) and not value.strip() else stripped(value)


Stripped = BeforeValidator(stripped)
BlankIsAbsent = BeforeValidator(blank_is_absent)

Email = Annotated[
    str,
    Field(min_length=3, max_length=254, json_schema_extra={"format": "email"}, examples=["jo.doe@agency.gov"]),
    AfterValidator(email),
    Stripped,
]
Phone = Annotated[
    str,
    Field(
        min_length=7, max_length=40, examples=["410-555-0100"],
        description="United States unless it begins with +. Stored as E.164.",
    ),
    Printable,
    AfterValidator(phone),
    Stripped,
]  # fmt: skip
Zip = Annotated[
    str,
    Field(min_length=5, max_length=10, pattern=r"^\s*\d{5}([- ]?\d{4})?\s*$", examples=["21201"]),
    AfterValidator(zip_code),
    Stripped,
]
WebAddress = Annotated[
    str,
    Field(max_length=500, examples=["https://www.agency.gov"]),
    AfterValidator(web_address),
    Stripped,
]
