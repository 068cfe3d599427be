"""Searching everything that a person may see, from any page."""
