"""What is measured. A case is a module with `measure(bench)`, which yields figures; `CASES` names them in order."""

CASES = ("cached", "filtered", "search", "start", "memory", "publishing", "posts", "queue", "webhooks")
