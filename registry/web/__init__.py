"""What every page shares: assets, icons, formats, error pages, security headers, forms, slots."""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import generate_csrf

from registry.web import assets, delivery, errors, formats, icons, paging, people, slots
from registry.web.csrf import csrf
from registry.web.openapi import install_openapi as install_openapi
from registry.web.rates import limiter


def install(app: Flask) -> None:
    """Give the application all that pages share; call it before the features' blueprints are registered."""
    csrf.init_app(app)
    limiter.init_app(app)
    assets.install(app)
    delivery.install(app)
    errors.install(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for filter_ in (
        formats.number, formats.unit, formats.size, formats.seconds, formats.grams, formats.dimensions, formats.plural,
        formats.when, formats.short, formats.relative, formats.breakable,
        formats.amount,
    ):  # fmt: skip
        app.add_template_filter(filter_)
    app.jinja_env.globals.update(
        icon=icons.icon,
        icon_symbols=icons.symbols,
        slot=slots.fill,
        person=people.current,
        address=paging.address,
        csrf_token=generate_csrf,
    )
