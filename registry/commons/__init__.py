"""Commons funds: what a design has for itself, and how its people decide together what it is spent on."""
