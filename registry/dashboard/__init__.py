"""The dashboard of a fabricator: where its people work all day."""
