"""Build reports: who built which version, what came of it, and how the version stands."""
