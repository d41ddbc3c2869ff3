"""Throw-away worlds to try everything in: no account, separate data, a clock that can be moved."""
