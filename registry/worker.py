"""A worker: takes builds from the queue, one after another, each with several targets at once."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import OperationalError

from registry.batches import request_files
from registry.batches import service as batches
from registry.builds import leases, service
from registry.commons import service as commons
from registry.errors import Unavailable
from registry.fabricators import limit_checks, making
from registry.ledger import service as ledger
from registry.lending.bank import importing as lending_bank
from registry.lending.books import keeping as books
from registry.lending.campaigns import service as campaigns
from registry.lending.loans import service as loans
from registry.notices import service as notices
from registry.stores import leftovers
from registry.stores.stores import Stores

_LOOK_EVERY_S = 5.0
_log = logging.getLogger(__name__)


def work(stores: Stores) -> None:
    """Take builds until the process is told to stop."""
    service.install(stores)
    making.install(stores)
    limit_checks.install(stores)
    request_files.install(stores)
    batches.install(stores)
    notices.install(stores)
    ledger.install(stores)
    commons.install(stores)
    campaigns.install(stores)
    loans.install(stores)
    lending_bank.install(stores)
    books.install(stores)
    ended = threading.Event()
    keeper = threading.Thread(target=_keep, args=(stores, ended), daemon=True)
    keeper.start()
    service.warm_processes(stores).prepare("pages")  # every build ends with a build book
    try:
        stores.jobs.consume(max(1, stores.settings.worker_slots // 2))
    finally:
        ended.set()
        keeper.join(timeout=5)
        notices.finish()
        service.close_warm()
        stores.db.retrying(leases.leave, patience_s=2)


def _keep(stores: Stores, ended: threading.Event) -> None:
    """Say that this worker is alive, and deliver again what others left behind."""
    while True:
        try:
            stores.db.retrying(leases.announce)
            stores.blobs.sweep()
            leftovers.sweep(stores.settings.work)
            for look_after in stores.hooks.get("worker.keep", ()):
                look_after(stores)
            if again := service.redeliver(stores):
                _log.info("%d builds were delivered again.", again)
        except (Unavailable, OperationalError):
            _log.warning("The database does not answer; trying again.")
        except Exception:  # without this thread the worker would count as dead, and lost builds would stay lost
            _log.exception("Looking after the builds failed; trying again.")
        if ended.wait(_LOOK_EVERY_S):
            return
