"""`brickyard` with the recipe builder alone: the same worker, commands and stores, and tools that take as long as a test wants."""

import builders
from build_support import RecipeBuilder

builders.all_builders = lambda builder=RecipeBuilder(): (builder,)  # type: ignore[assignment]

if __name__ == "__main__":
    from registry.cli import main

    main()
