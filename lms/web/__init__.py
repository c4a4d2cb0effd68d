"""Pages, doors, limits: what every feature's views stand on."""
