"""Small vocabularies: program types and essential elements."""
