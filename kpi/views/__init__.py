"""Pages of indicators, and of entering their values."""
