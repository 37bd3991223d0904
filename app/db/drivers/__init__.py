"""One file a driver: how it connects on a socket with our options."""
