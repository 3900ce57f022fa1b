"""`brickyard` with the recipe builder alone: real worker, commands and stores; tools that take as long as a test wants."""  # noqa: E501

from build_support import RecipeBuilder

import builders

builders.all_builders = lambda builder=RecipeBuilder(): (builder,)  # type: ignore[assignment]

if __name__ == "__main__":
    from registry.cli import main

    main()
