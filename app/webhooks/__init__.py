"""Events for partners: a feed to pull, a stream to hold open, and webhooks that push the same body."""
