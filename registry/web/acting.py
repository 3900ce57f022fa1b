"""What a form's route does: act, and show the page again with what was wrong."""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect
from werkzeug.wrappers import Response as Redirect

from registry.errors import RegistryError

Page = str | tuple[str, int]


def act(
    do: Callable[[], object],
    again: Callable[[RegistryError], Page],
    then: str,
    *,
    elsewhere: tuple[int, ...] = (403, 404),
) -> Page | Redirect:
    """Do it and go on to `then`; `again` shows the page with a fault that isn't shown `elsewhere`, by its status."""
    try:
        do()
    except RegistryError as error:
        if error.status in elsewhere:
            raise
        return again(error)
    return redirect(then, 303)
