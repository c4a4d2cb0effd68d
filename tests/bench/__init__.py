"""How fast the product is, measured beside a floor: `make bench`; the figures are in docs/."""
