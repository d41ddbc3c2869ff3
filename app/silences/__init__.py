"""What nobody has answered: requests, webhooks and letters of a caller, in one list."""
