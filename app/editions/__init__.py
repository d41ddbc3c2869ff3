"""What was published, and when: numbered editions over one append-only log of revisions."""
