"""What changed since a position: noted by the database's own triggers, read in a gap-free order.

Triggers see every write, whatever made it: services, imports in bulk, the admin, an UPDATE by
hand. `triggers` makes them, `reading` reads what they noted, `api` serves it.
"""
