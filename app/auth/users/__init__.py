"""Users of the API, managed by administrators."""
