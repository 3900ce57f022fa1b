"""What pages, JSON and commands read of the books."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from registry.accounts.queries import handle_of
from registry.errors import NotFound
from registry.ledger import queries as ledger
from registry.ledger.export import Choice
from registry.ledger.money import iso_currency
from registry.ledger.schemas import AccountName, Entry
from registry.lending.books import rules
from registry.lending.books.schemas import BehindLine, BehindView, BooksView, FigureView, MonthView
from registry.lending.campaigns.tables import LoanEvent, Pledge
from registry.lending.queries import policy_now
from registry.stores.clock import database_now

PER_PAGE = 100
AGAIN = ", of somebody who had lent to another campaign before"


@dataclass
class Names:
    """How accounts of people are told: by handle if they chose so for that campaign, else by the pledge's number."""

    told: dict[tuple[str, int], str] = field(default_factory=dict)

    def alias(self, name: AccountName) -> AccountName:
        """An account's name as others may know it."""
        if name.kind != "person":
            return name
        who = self.told.get((name.id, rules.campaign_of(name) or 0), "someone")
        return AccountName.model_construct(kind=name.kind, id=who, role=name.role, currency=name.currency)


def names(session: Session) -> Names:
    """What people chose, over all campaigns."""
    found: dict[tuple[str, int], str] = {}
    for row in session.exec(select(Pledge).order_by(col(Pledge.campaign_id), col(Pledge.number))):
        at = (str(row.account_id), row.campaign_id)
        if row.named:
            found[at] = handle_of(session, row.account_id)
        else:
            found.setdefault(at, f"lender-{row.number}")
    return Names(found)


def currencies(session: Session) -> list[str]:
    """The money of the book, its communities' own currencies left out: those are between members."""
    return [code for code, each in ledger.currencies(session).items() if not each.community]


def open_choice(session: Session) -> Choice:
    """What everybody may read of the book: all transfers of money, without names, keys and words that may hold some."""
    known, money = names(session), set(currencies(session))
    again = {code: rules.lent_again(_again(session, code)) for code in money}

    def say(entry: Entry) -> str:
        told = rules.words(entry.debit, entry.credit)
        # which transfers these are, the page of the figure shows too: from an export it can be worked out so
        return told + AGAIN if again[entry.currency](entry.debit, entry.credit) else told

    return Choice(
        only=lambda entry: entry.currency in money, alias=known.alias, told=False,
        say=say,
    )  # fmt: skip


def _states(session: Session) -> list[LoanEvent]:
    return list(session.exec(select(LoanEvent).order_by(col(LoanEvent.id))))


def _in_state(events: list[LoanEvent], state: str, until: dt.datetime) -> frozenset[int]:
    """The campaigns that were in a state at a time."""
    last = {event.campaign_id: event.became for event in events if event.at < until}
    return frozenset(number for number, became in last.items() if became == state)


def _again(session: Session, currency: str) -> frozenset[AccountName]:
    """The loans of people who had lent to another campaign before."""
    seen: set[str] = set()
    found = []
    for name, _ in sorted(ledger.first_credits(session, "person", currency).items(), key=lambda pair: pair[1]):
        if rules.is_loan(name):
            if name.id in seen:
                found.append(name)
            seen.add(name.id)
    return frozenset(found)


def _code(session: Session, currency: str) -> str:
    known = currencies(session)
    if currency and currency not in known:
        raise NotFound(f"The book holds no {currency}.", f"It holds {', '.join(known) or 'no money yet'}.")
    return currency or policy_now(session).bank.currency


def get_books(session: Session, currency: str = "") -> BooksView:
    """Every figure of every month of a currency. Raises: NotFound for one that the book does not hold."""
    ledger.see_one_state(session)
    known, code = currencies(session), _code(session, currency)
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    debts: dict[str, Counter[str]] = defaultdict(Counter)  # month -> role of a fabricator's debt -> change
    again = rules.lent_again(_again(session, code))
    for month, debit, credit, amount in ledger.monthly(session):
        if debit.currency != code:
            continue
        for name in (*rules.STOCKS, *rules.FLOWS):
            sums[month][name] += rules.FIGURES[name].sign(debit, credit) * amount
        sums[month]["rebuy"] += again(debit, credit) * amount
        for account, change in ((debit, amount), (credit, -amount)):
            if rules.is_debt(account):
                debts[month][account.role] += change
    now = f"{database_now(session):%Y-%m}"
    return BooksView(
        currency=code, exponent=iso_currency(code).exponent, currencies=known, head=ledger.head(session),
        figures=[figure_view(name) for name in rules.FIGURES],
        months=_months(session, sums, debts, rules.months_between(min([*sums, now]), max([*sums, now]))),
    )  # fmt: skip


def _months(
    session: Session, sums: dict[str, Counter[str]], debts: dict[str, Counter[str]], months: list[str]
) -> list[MonthView]:
    events = _states(session)
    stocks: Counter[str] = Counter()
    owed: Counter[str] = Counter()
    disbursed = 0
    found = []
    for month in months:
        moved = sums.get(month, Counter())
        for name in rules.STOCKS:
            stocks[name] += moved[name]
        owed.update(debts.get(month, Counter()))
        disbursed += moved["disbursed"]
        figures = {name: stocks[name] for name in rules.STOCKS}
        for name, state in rules.BY_STATE.items():
            those = _in_state(events, state, rules.ends(month))
            figures[name] = sum(owed[f"owes-{number}"] for number in those)
        figures |= {name: moved[name] for name in (*rules.FLOWS, "rebuy")}
        failed = figures["defaulted"] + figures["written_off"]
        found.append(MonthView(
            month=month, figures={name: figures[name] for name in rules.FIGURES},
            rebuy_bp=figures["rebuy"] * 10_000 // figures["lent"] if figures["lent"] > 0 else None,
            failed_bp=failed * 10_000 // disbursed if disbursed > 0 else None,
        ))  # fmt: skip
    return found


def figure_view(name: str) -> FigureView:
    """What a figure means. Raises: NotFound."""
    figure = rules.FIGURES.get(name)
    if figure is None:
        raise NotFound(f"There is no figure {name[:20]}.", f"There are {', '.join(rules.FIGURES)}.")
    return FigureView(name=name, label=figure.label, about=figure.about, stock=figure.stock)


def get_behind(session: Session, name: str, month: str, currency: str = "", page: int = 1) -> BehindView:
    """The transfers behind a figure of a month. Raises: NotFound, Invalid."""
    ledger.see_one_state(session)
    view = figure_view(name)
    rules.check_month(month)
    code = _code(session, currency)
    begins, ends = rules.begins(month), rules.ends(month)
    sign = rules.FIGURES[name].sign
    if name in rules.BY_STATE:
        sign = rules.debt_of(_in_state(_states(session), rules.BY_STATE[name], ends))
    elif name == "rebuy":
        sign = rules.lent_again(_again(session, code))
    before = total = 0
    if view.stock:
        before = sum(
            sign(debit, credit) * amount
            for at, debit, credit, amount in ledger.monthly(session)
            if at < month and debit.currency == code
        )
    value = before
    lines: list[BehindLine] = []
    known = names(session)
    for entry in ledger.moved_between(session, begins, ends, code):
        counts = sign(entry.debit, entry.credit)
        if not counts:
            continue
        value += counts * entry.amount_minor
        total += 1
        if (page - 1) * PER_PAGE < total <= page * PER_PAGE:
            lines.append(BehindLine(
                seq=entry.seq, at=entry.effective_at, giver=str(known.alias(entry.debit)),
                taker=str(known.alias(entry.credit)), words=rules.words(entry.debit, entry.credit),
                amount_minor=counts * entry.amount_minor,
            ))  # fmt: skip
    return BehindView(
        figure=view, month=month, currency=code, exponent=iso_currency(code).exponent, before_minor=before,
        value_minor=value, lines=lines, total=total, page=page, per_page=PER_PAGE,
    )  # fmt: skip
