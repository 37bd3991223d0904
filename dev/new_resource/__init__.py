"""Generate the code of a new resource: `flask new-resource`.

It edits the source code, so it is not part of the image, and neither are its templates.
"""
