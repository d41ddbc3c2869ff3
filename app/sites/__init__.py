"""Learning sites: where they are, and which one fits you."""
