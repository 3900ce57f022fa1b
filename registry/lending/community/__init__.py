"""A currency of the community's own: mutual credit that comes to zero, and prices that may be paid in it in part."""
