"""Revising a plan (改定): a draft edition, and putting it into force."""
