"""Reorganising departments (組織改編) from a day on, with all that is open."""
