"""Authentication, access tokens, passwords and rate limits."""
