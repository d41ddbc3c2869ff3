"""One index over all published content."""
