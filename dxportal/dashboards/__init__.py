"""The dashboards: one plan in one fiscal year, narrowed by the same conditions on every page."""
