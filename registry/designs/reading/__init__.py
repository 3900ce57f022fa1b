"""Pure rules: what a repository says about its design, without any input or output but the tree it is given."""
