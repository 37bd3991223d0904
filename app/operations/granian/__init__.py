"""What granian's WSGI interface lacks; used by `server.granian` only."""
