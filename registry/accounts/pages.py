"""HTML pages of accounts, and who is at the door: read once per request from a cookie or an API token."""

from __future__ import annotations

import datetime as dt

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
)
from flask_limiter.util import get_remote_address

from registry import limits
from registry.accounts import deleting, queries, service
from registry.accounts.rules import safe_next
from registry.accounts.schemas import (
    AccountView,
    Deletion,
    LogIn,
    MadeSession,
    PasswordChange,
    PasswordReset,
    ResetWish,
    SignUp,
    TokenWish,
)
from registry.errors import RegistryError, Unauthenticated
from registry.values import utcnow
from registry.web import people
from registry.web.context import parse, stores
from registry.web.people import Person
from registry.web.rates import limiter

COOKIE = "brickyard_session"
_USE_NOTED_EVERY = dt.timedelta(minutes=1)
blueprint = Blueprint("accounts", __name__)


def install(app: Flask) -> None:
    """Let every request know its person; call it once, before the blueprints are registered."""
    app.before_request(_know_person)


def _know_person() -> None:
    if request.path.startswith("/static/") or request.path == "/healthz":
        return
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and (request.path.startswith("/api/") or _is_file()):
        _know_by_token(secret.strip())
    elif secret := request.cookies.get(COOKIE, ""):
        with stores().db.reading() as reading:
            if account := queries.account_of_session(reading, secret):
                _know(account)


def _is_file() -> bool:
    """Whether a file is asked for that JSON names the address of."""
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "for_programs", False)


def _know_by_token(secret: str) -> None:
    with stores().db.reading() as reading:
        found = queries.account_of_token(reading, secret)
    if found is None:
        raise Unauthenticated("That API token is not known here.", "It may be revoked: make a new one at /account.")
    account, used_at = found
    if used_at is None or utcnow() - used_at > _USE_NOTED_EVERY:
        service.note_use(stores(), secret)
    _know(account)
    g.by_token = True


def _know(account: AccountView) -> None:
    g.account = Person(id=account.id, handle=account.handle, is_steward=account.is_steward)


def _handle_key() -> str:
    return f"handle:{request.form.get('handle', '').strip().lower()[: limits.HANDLE_CHARS]}"


def _enter(made: MadeSession, address: str) -> Response:
    """On to a page, logged in: a new cookie, and a new secret for forms."""
    session.clear()
    response = make_response(redirect(address, 303))
    response.set_cookie(
        COOKIE,
        made.secret,
        expires=made.expires_at,
        httponly=True,
        samesite="Lax",
        secure=stores().settings.https,
        path="/",
    )
    return response


def _leave(address: str) -> Response:
    session.clear()
    response = make_response(redirect(address, 303))
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=stores().settings.https, path="/")
    return response


def _form(template: str, fault: RegistryError | None = None, **values: object) -> Response:
    """A page with a form, never kept by browsers or proxies: it may hold secrets."""
    response = make_response(render_template(template, fault=fault, **values), fault.status if fault else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


def _next() -> str:
    wanted = request.values.get("next", "")
    return wanted if safe_next(wanted) == wanted else ""


@blueprint.get("/login")
def show_login() -> Response:
    """Handle and password."""
    return _form("accounts/login.html", next=_next(), values=None)


@blueprint.post("/login")
@limiter.limit(f"{limits.LOGINS_PER_MINUTE}/minute", key_func=_handle_key)
@limiter.limit(f"{limits.LOGINS_PER_MINUTE}/minute", key_func=get_remote_address)
def log_in() -> Response:
    """Start a session; one that the browser had ends."""
    values = LogIn()
    try:
        values = parse(LogIn, request.form)
        made = service.log_in(stores(), values.handle, values.password, old_secret=request.cookies.get(COOKIE, ""))
    except RegistryError as error:
        return _form("accounts/login.html", error, next=_next(), values=values)
    return _enter(made, _next() or "/")


@blueprint.get("/signup")
def show_signup() -> Response:
    """Handle, e-mail if wanted, password."""
    return _form("accounts/signup.html", next=_next(), values=None, first=_is_first())


def _is_first() -> bool:
    with stores().db.reading() as reading:
        return not queries.has_accounts(reading)


@blueprint.post("/signup")
@limiter.limit(f"{limits.SIGN_UPS_PER_HOUR}/hour", key_func=get_remote_address)
def sign_up() -> Response:
    """Make an account and log it in."""
    values = SignUp()
    try:
        values = parse(SignUp, request.form)
        account = service.sign_up(stores(), values.handle, values.password, values.email)
    except RegistryError as error:
        return _form("accounts/signup.html", error, next=_next(), values=values, first=_is_first())
    made = service.start_session(stores(), account.id, old_secret=request.cookies.get(COOKIE, ""))
    response = _enter(made, _next() or "/")
    standing = " You are the steward of this registry." if account.is_steward else ""
    flash(f"Welcome, {account.handle}.{standing}", "moss")
    return response


@blueprint.post("/logout")
def log_out() -> Response:
    """End the session."""
    if secret := request.cookies.get(COOKIE, ""):
        service.log_out(stores(), secret)
    return _leave("/")


def _account_page(person: Person, fault: RegistryError | None = None, **shown: object) -> Response:
    with stores().db.reading() as reading:
        tokens = queries.list_tokens(reading, person.id)
    return _form("accounts/account.html", fault, tokens=tokens, **shown)


@blueprint.get("/account")
def show_account() -> Response:
    """Tokens, password, and for stewards the resets."""
    return _account_page(people.required())


@blueprint.post("/account/password")
@limiter.limit(f"{limits.LOGINS_PER_MINUTE}/minute", key_func=get_remote_address)
def change_password() -> Response:
    """A new password ends all sessions; this browser gets a new one."""
    person = people.required()
    try:
        values = parse(PasswordChange, request.form)
        service.change_password(stores(), person.id, values.old_password, values.password)
    except RegistryError as error:
        return _account_page(person, error)
    response = _enter(service.start_session(stores(), person.id), "/account")
    flash("The new password is set. All other browsers are logged out.", "moss")
    return response


@blueprint.post("/account/tokens")
def make_token() -> Response:
    """An API token, shown this once."""
    person = people.required()
    try:
        made = service.make_token(stores(), person.id, parse(TokenWish, request.form).name)
    except RegistryError as error:
        return _account_page(person, error)
    return _account_page(person, new_token=made.secret)


@blueprint.post("/account/tokens/<int(max=2147483647):token_id>/revoke")
def revoke_token(token_id: int) -> Response:
    """End an API token."""
    service.revoke_token(stores(), people.required().id, token_id)
    flash("The token is revoked.", "moss")
    return make_response(redirect("/account", 303))


@blueprint.post("/account/delete")
@limiter.limit(f"{limits.LOGINS_PER_MINUTE}/minute", key_func=get_remote_address)
def delete_account() -> Response:
    """Delete the account: its name goes, what it did stays told."""
    person = people.required()
    try:
        values = parse(Deletion, request.form)
        deleting.delete_account(stores(), person.id, values.delete_handle, values.delete_password)
    except RegistryError as error:
        return _account_page(person, error)
    response = _leave("/")
    flash("Your account is deleted.", "moss")
    return response


@blueprint.post("/account/resets")
def issue_reset() -> Response:
    """For stewards: a link that sets somebody's password once."""
    person = people.required_steward()
    try:
        link = service.issue_reset(stores(), parse(ResetWish, request.form).handle)
    except RegistryError as error:
        return _account_page(person, error)
    return _account_page(person, reset_url=stores().settings.public_url + link.path)


@blueprint.get("/reset/<secret>")
def show_reset(secret: str) -> Response:
    """A new password, by a steward's link."""
    return _form("accounts/reset.html", handle=service.check_reset(stores(), secret))


@blueprint.post("/reset/<secret>")
@limiter.limit(f"{limits.LOGINS_PER_MINUTE}/minute", key_func=get_remote_address)
def reset_password(secret: str) -> Response:
    """Set it, end all sessions, and log in."""
    handle = service.check_reset(stores(), secret)
    try:
        account_id = service.reset_password(stores(), secret, parse(PasswordReset, request.form).password)
    except RegistryError as error:
        return _form("accounts/reset.html", error, handle=handle)
    response = _enter(service.start_session(stores(), account_id), "/account")
    flash("The new password is set.", "moss")
    return response
