"""What can go wrong, in kinds: each is mapped once to an HTTP status and an exit code, at the door it leaves by."""

from __future__ import annotations


class RegistryError(Exception):
    """A fault told to a person: `message` says what happened and to what, `remedy` what to do next."""

    status = 500
    exit_code = 1
    title = "Something went wrong"

    def __init__(self, message: str, remedy: str = "", *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.field = field

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class Invalid(RegistryError):
    """The input can't be accepted as it is."""

    status = 422
    exit_code = 2
    title = "That can't be accepted"


class NotFound(RegistryError):
    """What was asked for is not here."""

    status = 404
    title = "Not found"


class Forbidden(RegistryError):
    """The one who asks may not do this."""

    status = 403
    title = "Not allowed"


class Unauthenticated(RegistryError):
    """Nobody is logged in, or the token is unknown."""

    status = 401
    title = "Please log in"


class Conflict(RegistryError):
    """It does not go with what is there already."""

    status = 409
    title = "In conflict with what is there"


class TooLarge(RegistryError):
    """It is more than the registry takes."""

    status = 413
    exit_code = 2
    title = "Too large"


class TooMany(RegistryError):
    """A rate limit."""

    status = 429
    title = "Too many requests"


class Unavailable(RegistryError):
    """Something needed is not there now; trying again later may help."""

    status = 503
    title = "Not available now"
