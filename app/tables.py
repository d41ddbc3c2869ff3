"""Every table by name: what Alembic compares with the database."""

from sqlalchemy import MetaData

from app.core.db import Base
from app.core.work import Event
from app.editions.models import Edition, Published, Revision

TABLES = (Event, Edition, Published, Revision)
metadata: MetaData = Base.metadata
