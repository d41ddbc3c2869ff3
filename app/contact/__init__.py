"""Contact PMHC: questions, policies and training materials offered for review."""
