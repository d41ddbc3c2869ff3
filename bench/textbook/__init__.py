"""The same reads as a good developer writes them from the tutorial, to be measured beside ours.

FastAPI, async SQLAlchemy ORM with typed tables and `selectinload`, Pydantic response models, `GZipMiddleware`; no
cache. It answers with the same fields and sizes as ours, as far as its models reach (a test compares them). Where the
tutorial leaves a choice, the quicker one was taken: HTML is rendered when stored, and lists of plain slugs that nothing
here joins are JSON columns instead of six more association tables.
"""
