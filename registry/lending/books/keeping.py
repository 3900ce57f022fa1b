"""What workers look after: that the last month's statement is signed, once."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

from registry.errors import Conflict, NotFound, Unavailable
from registry.lending.books import rules
from registry.lending.books.service import find_row, make_statement
from registry.stores.clock import database_now
from registry.stores.stores import Stores

_AGAIN_AFTER_S = 3_600.0
_log = logging.getLogger(__name__)


@dataclass
class MonthSigner:
    """Signs the last month some days after its end; what can't be signed now is tried again in an hour."""

    rest_until: dict[str, float] = field(default_factory=dict)  # month -> when it is tried again (monotonic seconds)

    def __call__(self, stores: Stores) -> None:
        """Sign what is to be signed now."""
        with stores.db.reading() as session:
            month = rules.to_sign(database_now(session))
            if find_row(session, month) is not None:
                return
        if time.monotonic() < self.rest_until.get(month, 0.0):
            return
        self.rest_until = {month: time.monotonic() + _AGAIN_AFTER_S}
        try:
            make_statement(stores, None, month)
        except NotFound:  # the books begin later: there is nothing to sign
            _log.debug("The books do not reach back to %s.", month)
        except (Conflict, Unavailable) as error:
            _log.warning("The statement of %s is not signed yet: %s", month, error.message)
        else:
            _log.info("The statement of %s is signed.", month)


def install(stores: Stores) -> None:
    """Let workers sign what is over."""
    hooks = stores.hooks.setdefault("worker.keep", [])
    if not any(isinstance(one, MonthSigner) for one in hooks):
        hooks.append(MonthSigner())
