"""Addresses: a part of the campus, person or student they belong to, without URLs of their own."""
