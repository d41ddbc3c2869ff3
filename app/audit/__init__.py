"""The audit trail: read the events, and nothing else; nobody writes here."""
