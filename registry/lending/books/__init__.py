"""Open books: every figure of lending by month, the transfers behind it, and signed statements."""
