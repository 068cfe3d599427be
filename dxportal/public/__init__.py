"""What citizens may read without signing in, and nothing else.

`reading` is the only way to the rows; pages, files, charts, the catalogue and the static site all
go through it.
"""
