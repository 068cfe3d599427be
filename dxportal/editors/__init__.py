"""The declared editors of everything that defines a plan, and the one form that serves them."""
