"""Tokens of other systems and the log of what was done, for administrators."""
