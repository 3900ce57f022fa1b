"""The bill of materials of a version: read from everywhere, merged into one, written in each vendor's form."""
