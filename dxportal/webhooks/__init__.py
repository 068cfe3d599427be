"""Telling other systems of what happens, by calls to addresses that an administrator allowed."""
