"""The developer's machinery: what the Makefile runs. No part of the service."""
