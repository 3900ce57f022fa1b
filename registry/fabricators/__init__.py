"""Who can make things, where, with which machines; and what a version of a design needs of them."""
