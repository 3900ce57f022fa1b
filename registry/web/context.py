"""What a page reaches for: the stores of the running application, and input parsed into schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from flask import current_app
from pydantic import BaseModel, ValidationError

from registry import faults
from registry.errors import Invalid

if TYPE_CHECKING:
    from registry.stores.stores import Stores

_Model = TypeVar("_Model", bound=BaseModel)


def stores() -> Stores:
    """The stores that `create_app` opened."""
    return cast("Stores", current_app.extensions["brickyard"])


def parse(model: type[_Model], values: Mapping[str, object]) -> _Model:
    """Input as a schema; unknown keys are left out. Raises: Invalid with a sentence that names the field."""
    try:
        return model.model_validate({key: value for key, value in values.items() if key in model.model_fields})
    except ValidationError as error:
        name, sentence = faults.told(error)
        raise Invalid(sentence, "Correct that, and try again.", field=name or "The input") from error
