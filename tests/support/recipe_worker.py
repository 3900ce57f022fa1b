"""`brickyard` with the recipe builder alone: real worker, commands and stores; tools that take as long as a test wants.

RECIPE_LEASE_S shortens a build's lease, so that a test need not wait for the real one to run out.
"""

import os

from registry import limits

limits.BUILD_LEASE_S = int(os.environ.get("RECIPE_LEASE_S") or limits.BUILD_LEASE_S)

from build_support import RecipeBuilder  # noqa: E402

import builders  # noqa: E402

builders.all_builders = lambda builder=RecipeBuilder(): (builder,)  # type: ignore[assignment]

if __name__ == "__main__":
    from registry.cli import main

    main()
