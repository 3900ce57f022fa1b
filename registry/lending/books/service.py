"""Use cases of open books: signing a month's statement."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from registry.accounts.tables import Account
from registry.batches.papers import Paper, lay_out, make_pdf
from registry.errors import Conflict, Forbidden, NotFound, Unavailable
from registry.lending.books import queries, rules, signing
from registry.lending.books.schemas import BooksView, StatementItem, StatementList
from registry.lending.books.tables import BooksStatement
from registry.lending.campaigns.treasurers import is_treasurer
from registry.lending.queries import policy_now
from registry.stores.clock import database_now
from registry.stores.stores import Stores
from registry.web.formats import amount


def secret_of(stores: Stores) -> str:
    """The instance's own secret, which its key is made from. Raises: Unavailable before the first start."""
    path = stores.settings.data / "secret_key"
    if stores.settings.secret_key:
        return stores.settings.secret_key
    if not path.is_file():
        raise Unavailable("This registry has no secret yet.", "Start it once: brickyard serve.")
    return path.read_text(encoding="ascii")


def may_make(session: Session, account_id: int | None) -> bool:
    """Whether somebody may have statements signed: stewards and treasurers."""
    account = session.get(Account, account_id) if account_id is not None else None
    return account is not None and (account.is_steward or is_treasurer(session, account_id))


def list_statements(stores: Stores, books: BooksView | None = None) -> StatementList:
    """Signed statements, and the months that are over and have none yet."""
    with stores.db.reading() as session:
        rows = session.exec(select(BooksStatement).order_by(col(BooksStatement.month).desc())).all()
        now = f"{database_now(session):%Y-%m}"
    if books is None:
        with stores.db.reading() as session:
            books = queries.get_books(session)
    begun = [month.month for month in books.months if month.month < now]
    done = {row.month for row in rows}
    items = [
        StatementItem(sha256=row.digest, key=signing.fingerprint(row.public_key),
                      **row.model_dump(include={"month", "head_seq", "head_hash", "made_at"})) for row in rows
    ]  # fmt: skip
    return StatementList(items=items, total=len(items), key=signing.fingerprint(signing.public_key(secret_of(stores))),
                         can_make=[month for month in reversed(begun) if month not in done])  # fmt: skip


def make_statement(stores: Stores, account_id: int | None, month: str) -> str:
    """Sign the statement of a month that is over, once. None: the instance's keeper.

    Returns: the month. Raises: Conflict, Forbidden, Invalid, NotFound, Unavailable.
    """
    rules.check_month(month)
    with stores.db.reading() as session:
        if account_id is not None and not may_make(session, account_id):
            raise Forbidden("Only stewards and treasurers have statements signed.", "Ask one of them.")
        known = find_row(session, month)
        now, bank = database_now(session), policy_now(session).bank.name
        codes = queries.currencies(session)
    if known is not None:
        raise Conflict(f"The statement of {month} is signed already.", "Download it.")
    if now < rules.ends(month):
        raise Conflict(f"{month} is not over yet.", "Wait for its end: a statement is signed once.", field="month")
    told: list[BooksView] = []
    for code in codes or [""]:
        with stores.db.reading() as session:
            books = queries.get_books(session, code)
        if any(one.month == month for one in books.months):
            told.append(books.model_copy(update={"months": [one for one in books.months if one.month == month]}))
    if not told:
        raise NotFound(f"The books do not reach back to {month}.", "Look at which months they have.", field="month")
    if len({books.head.seq for books in told}) > 1:
        raise Conflict("Something was booked in this moment.", "Try again.")
    secret, head = secret_of(stores), told[0].head
    key = signing.public_key(secret)
    html = lay_out("books.html", bank=bank, month=rules.begins(month), books=told, head=head, amount=amount,
                   fingerprint=signing.fingerprint(key), address=f"{stores.settings.public_url}/lending/books",
                   made_at=now)  # fmt: skip
    file, signature = signing.sign(make_pdf(stores, Paper(html=html)), secret, month, head.seq, head.hash)
    row = BooksStatement(
        month=month, text="\n".join(books.model_dump_json() for books in told), digest=stores.blobs.put(file),
        public_key=key, signature=signature, head_seq=head.seq, head_hash=head.hash, made_at=now,
    )  # fmt: skip
    try:
        with stores.db.transaction() as session:
            session.add(row)
    except IntegrityError as error:
        raise Conflict(f"The statement of {month} was signed in this moment.", "Download it.") from error
    return month


def find_row(session: Session, month: str) -> BooksStatement | None:
    """The statement of a month."""
    return session.exec(select(BooksStatement).where(BooksStatement.month == month)).first()


def read_statement(stores: Stores, month: str) -> bytes:
    """The signed PDF of a month. Raises: NotFound."""
    rules.check_month(month)
    with stores.db.reading() as session:
        row = find_row(session, month)
    if row is None:
        raise NotFound(f"There is no signed statement of {month}.", "Look at /lending/books.")
    return stores.blobs.read(row.digest)


def public_key_of(stores: Stores) -> str:
    """The key that signs now, in hexadecimal."""
    return signing.public_key(secret_of(stores))
