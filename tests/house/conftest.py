"""What the tests of the house share: a world in which everything exists once."""

from tests.house.world import world

__all__ = ["world"]
