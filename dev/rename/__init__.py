"""Give this project a name of its own: python3 -m dev.rename NAME TITLE [DATABASE [HOLDER]].

Standard library only.
"""
