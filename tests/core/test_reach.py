"""How people are reached: checked by well-kept libraries, stored in one form, never repeated in a refusal."""

import string

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from app.core import reach

LOCAL = string.ascii_letters + string.digits + ".!#$%&'*+-/=?^_`{|}~ \"<>()é"
DOMAIN = string.ascii_letters + string.digits + ".-_ éß"


DOMAINS = st.text(DOMAIN, max_size=80) | st.sampled_from(["agency.gov", "Police.City.TX.US", "localhost"])


@given(st.text(LOCAL, max_size=70), DOMAINS)
@example("a" * 64, "agency.gov")
@example("a" * 65, "agency.gov")
@example("jo", "test.invalid")
@example("jo", "münchen.example.com")
@example("a" * 60, ".".join(["b" * 60] * 3) + ".gov")
def test_an_address_is_judged_as_the_library_judges_it(local, domain):
    """We remember verdicts on domains; a whole address must be judged as if we did not."""
    text = f"{local}@{domain}"
    try:
        expected = validate_email(text, check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError:
        with pytest.raises(ValueError, match=r"^must be an e-mail address such as name@agency.gov$"):
            reach.email(text)
    else:
        assert reach.email(text) == expected


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("410-555-0100", "+14105550100"),
        ("(410) 555 0100 x12", "+14105550100;ext=12"),
        ("+44 20 7946 0958", "+442079460958"),
        ("1 410 555 0100", "+14105550100"),
    ],
)
def test_a_telephone_number_is_stored_in_one_form(typed, stored):
    assert reach.phone(typed) == stored


@pytest.mark.parametrize("typed", ["12345", "call me", "555-0100", "+1 000 000 0000", ""])
def test_what_is_no_telephone_number_is_refused_with_advice(typed):
    with pytest.raises(ValueError, match="area code"):
        reach.phone(typed)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("agency.gov", "https://agency.gov/"),
        ("http://Agency.gov/a?b=1", "http://agency.gov/a?b=1"),
        ("https://münchen.de", "https://xn--mnchen-3ya.de/"),
    ],
)
def test_a_web_address_is_stored_in_one_form(typed, stored):
    assert reach.web_address(typed) == stored


@pytest.mark.parametrize(
    "typed", ["javascript:alert(1)", "localhost", "https://u:p@agency.gov", "ftp://a.gov", "http://", "a b"]
)
def test_what_is_no_public_web_address_is_refused(typed):
    with pytest.raises(ValueError, match="must be the"):
        reach.web_address(typed)


@pytest.mark.parametrize(
    ("typed", "stored"), [("21201", "21201"), ("212011234", "21201-1234"), ("21201 1234", "21201-1234")]
)
def test_a_zip_code_is_stored_in_one_form(typed, stored):
    assert reach.zip_code(typed) == stored
