"""One module for each driver: how it connects, on a socket with our options."""
