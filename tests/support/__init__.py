"""Shared by the tests: servers, services, fixtures, and strategies of a user's own."""
