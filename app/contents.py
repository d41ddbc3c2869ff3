"""Every kind of published content: what an edition holds, what a newcomer counts."""

from app.catalog.content import ESSENTIAL_ELEMENT, PROGRAM_TYPE
from app.editions.kinds import Kind
from app.editions.sources import SOURCE
from app.library.content import FACT, FAQ_KIND, MEASURE, RESOURCE
from app.search.content import SYNONYMS
from app.sites.content import LEARNING_SITE
from app.toolkit.content import PAGE, SECTION, TOOLKIT, TOPIC

KINDS: tuple[Kind, ...] = (
    TOOLKIT,
    PAGE,
    SECTION,
    TOPIC,
    PROGRAM_TYPE,
    ESSENTIAL_ELEMENT,
    LEARNING_SITE,
    RESOURCE,
    FACT,
    FAQ_KIND,
    MEASURE,
    SOURCE,
    SYNONYMS,
)
