"""What the tests are built with: servers, services, strategies of a user's own."""
