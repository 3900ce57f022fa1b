"""The web application: wires the features together, nothing else."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from registry import limits, web
from registry.accounts import api as accounts_api
from registry.accounts import pages as accounts_pages
from registry.batches import api as batches_api
from registry.batches import (
    buying_pages,
    calling_api,
    delivery_pages,
    origin_api,
    origin_pages,
    paper_api,
    partner_pages,
    quote_pages,
    request_files,
    unit_api,
    unit_pages,
)
from registry.batches import pages as batches_pages
from registry.batches import service as batches
from registry.builds import api as builds_api
from registry.builds import compare_pages, downloads
from registry.builds import pages as builds_pages
from registry.builds import service as builds
from registry.commons import api as commons_api
from registry.commons import pages as commons_pages
from registry.commons import service as commons
from registry.dashboard import api as dashboard_api
from registry.dashboard import pages as dashboard_pages
from registry.dashboard import slots as dashboard_slots
from registry.designs import api as designs_api
from registry.designs import pages as designs_pages
from registry.fabricators import api as fabricators_api
from registry.fabricators import (
    keeping_api,
    limit_api,
    limit_checks,
    limit_pages,
    making_api,
    making_pages,
    transfer_pages,
)
from registry.fabricators import pages as fabricators_pages
from registry.ledger import api as ledger_api
from registry.ledger import service as ledger
from registry.lending import api as lending_api
from registry.lending import pages as lending_pages
from registry.lending.bank import api as lending_bank_api
from registry.lending.bank import importing as lending_bank
from registry.lending.bank import pages as lending_bank_pages
from registry.lending.books import api as books_api
from registry.lending.books import pages as books_pages
from registry.lending.campaigns import api as campaigns_api
from registry.lending.campaigns import pages as campaigns_pages
from registry.lending.campaigns import pledge_pages
from registry.lending.campaigns import service as campaigns
from registry.lending.community import api as community_api
from registry.lending.community import pages as community_pages
from registry.lending.loans import api as loans_api
from registry.lending.loans import pages as loans_pages
from registry.lending.loans import service as loans
from registry.notices import api as notices_api
from registry.notices import pages as notices_pages
from registry.notices import service as notices
from registry.reports import api as reports_api
from registry.reports import pages as reports_pages
from registry.settings import Settings, read_settings
from registry.stores.stores import Stores, open_stores
from registry.web.routing import LateRule


def create_app(settings: Settings | None = None, stores: Stores | None = None) -> Flask:
    """The WSGI application on `settings` (from the environment unless given)."""
    settings = settings or (stores.settings if stores else read_settings())
    stores = stores or open_stores(settings)
    app = Flask("brickyard", template_folder=str(Path(__file__).resolve().parent / "templates"), static_folder=None)
    app.url_rule_class = LateRule
    app.config.update(
        SECRET_KEY=settings.secret_key or _kept_secret(settings),
        MAX_CONTENT_LENGTH=limits.REQUEST_BODY_BYTES,
        SESSION_COOKIE_NAME="brickyard_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        WTF_CSRF_TIME_LIMIT=None,
        RATELIMIT_ENABLED=not settings.tests,
    )
    app.extensions["brickyard"] = stores
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    builds.install(stores)
    limit_checks.install(stores)
    request_files.install(stores)
    batches.install(stores)
    notices.install(stores)
    ledger.install(stores)
    commons.install(stores)
    campaigns.install(stores)
    loans.install(stores)
    lending_bank.install(stores)
    web.install(app)
    accounts_pages.install(app)
    batches_pages.install(app)
    dashboard_pages.install(app)
    designs = (designs_pages, designs_api)
    made = (builds_pages, compare_pages, builds_api, downloads)
    shops = (fabricators_pages, transfer_pages, fabricators_api, keeping_api)
    making = (making_pages, making_api, limit_pages, limit_api)
    pooled = (batches_pages, partner_pages, buying_pages, quote_pages, batches_api, calling_api)
    sent = (unit_pages, delivery_pages, unit_api, paper_api)
    proof = (origin_pages, origin_api, reports_pages, reports_api)
    lent = (commons_pages, commons_api, lending_pages, lending_api, community_pages, community_api)
    borrowed = (campaigns_pages, pledge_pages, campaigns_api, lending_bank_pages, lending_bank_api)
    paid_back = (loans_pages, loans_api)
    open_books = (books_pages, books_api)
    told = (notices_pages, notices_api, dashboard_pages, dashboard_slots, dashboard_api, ledger_api)
    for feature in (
        accounts_pages,
        accounts_api,
        *designs,
        *made,
        *shops,
        *making,
        *pooled,
        *sent,
        *proof,
        *lent,
        *borrowed,
        *paid_back,
        *open_books,
        *told,
    ):
        app.register_blueprint(feature.blueprint)
    web.install_openapi(app)
    return app


def _kept_secret(settings: Settings) -> str:
    """The instance's own secret, made on the first start and kept beside the database."""
    path = settings.data / "secret_key"
    if not path.exists():
        # Written aside and linked: no second process reads half of it, and a killed one leaves none that is empty.
        with tempfile.NamedTemporaryFile("w", dir=settings.data, prefix=".secret_key-", encoding="ascii") as aside:
            aside.write(secrets.token_hex(32))
            aside.flush()
            with contextlib.suppress(FileExistsError):
                os.link(aside.name, path)
    return path.read_text(encoding="ascii")
