"""A treasurer's desk that is killed with -9: a program, so that what dies is a process of its own.

    python bank_writers.py URL FOLDER CAMPAIGN TIMES PEOPLE

FOLDER is the bank: it writes statements there, S1.xml, S2.xml, ..., each once. A worker imports them one after another,
decides, approves, makes files, and goes on where the one before it died. Prints JSON: how many were killed, what was
said to be done.
"""

from __future__ import annotations

import functools
import json
import os
import random
import sys
import time
from pathlib import Path

from ledger_writers import run
from sqlmodel import col, select
from statement_support import DAY, Booked, camt

from registry.lending.bank import deciding, importing, ordering
from registry.lending.bank.deciding import Decision
from registry.lending.bank.importing import Upload
from registry.lending.bank.rules import QUEUE
from registry.lending.bank.tables import BankEntry, PaymentOrder
from registry.lending.campaigns import pledging
from registry.lending.campaigns.schemas import PledgeWish
from registry.lending.campaigns.tables import LoanCampaign, LoanTerms, Pledge
from registry.settings import Settings
from registry.stores.stores import Stores, open_stores

PLEDGES = 290
AMOUNT = 1_000


def _pledge(stores: Stores, number: int, people: dict[str, int], turn: int) -> str:
    with stores.db.reading() as session:
        version = session.get_one(LoanCampaign, number).terms_version
        terms = session.exec(
            select(LoanTerms.sha256).where(LoanTerms.campaign_id == number, LoanTerms.version == version)
        ).one()
    wish = PledgeWish(amount_minor=AMOUNT, terms_sha256=terms, key=f"turn-{turn}")
    made = pledging.pledge(stores, people[("lea", "luc", "lou")[turn % 3]], number, wish)
    with stores.db.reading() as session:
        return session.get_one(Pledge, made).reference or ""


def _orders(stores: Stores, number: int, state: str) -> list[PaymentOrder]:
    with stores.db.reading() as session:
        return list(session.exec(
            select(PaymentOrder).where(PaymentOrder.campaign_id == number, PaymentOrder.state == state)
            .order_by(col(PaymentOrder.id))
        ))  # fmt: skip


def _statement(stores: Stores, folder: Path, number: int, people: dict[str, int], turn: int) -> bytes:
    """The bank's next statement: a pledge is paid, two equal payments without a code, and what was ordered."""
    file = folder / f"S{turn}.xml"
    if not file.exists():
        before = json.loads((folder / "balance.json").read_text()) if turn > 1 else {"closing": 0, "turn": 0}
        opening = before["closing"] if before["turn"] < turn else before["opening"]
        lines = [Booked(700, "the same"), Booked(700, "the same")]
        if turn <= PLEDGES:
            lines.append(Booked(AMOUNT, _pledge(stores, number, people, turn)))
        lines += [
            Booked(-one.amount_minor, "Sent back", e2e=one.end_to_end) for one in _orders(stores, number, "filed")
        ]
        closing = opening + sum(one.amount for one in lines)
        told = {"turn": turn, "opening": opening, "closing": closing}
        for name, content in (("balance.json", json.dumps(told).encode()), (file.name, camt(lines, opening, day=DAY))):
            (folder / "new").write_bytes(content)
            os.replace(folder / "new", folder / name)
    return file.read_bytes()


def work(url: str, folder: Path, number: int, people: dict[str, int], turns: range, said: int) -> None:
    """Import, decide, approve, file; each finished turn is said into the pipe."""
    stores = open_stores(Settings(data=folder / "data", database_url=url, secret_key="tests", tests=True))
    tom, tia = people["tom"], people["tia"]
    os.write(said, b"begun\n")
    for turn in turns:
        importing.bring(stores, tom, number, Upload(_statement(stores, folder, number, people, turn)))
        with stores.db.reading() as session:
            waiting = session.exec(
                select(BankEntry.id).where(BankEntry.campaign_id == number, col(BankEntry.state).in_(QUEUE))
            ).all()
        for entry_id in waiting:
            deciding.decide(stores, tom, number, entry_id or 0, Decision(action="send back", why="No code"))
        for order in _orders(stores, number, "proposed"):
            ordering.approve(stores, tia, number, order.id or 0)
        if _orders(stores, number, "approved"):
            ordering.make_file(stores, tia, number)
        os.write(said, f"{turn}\n".encode())
    stores.close()


def main() -> None:
    url, folder, number, times, people = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    dice = random.Random(times)
    go = functools.partial(work, url, folder, number, json.loads(people))
    run(functools.partial(go, range(1, 2)))
    began = time.monotonic()
    run(functools.partial(go, range(2, 4)))
    turn_s = (time.monotonic() - began) / 2  # as quick as this machine is now
    killed, done = 0, 3
    for _ in range(times):
        died, heard = run(functools.partial(go, range(done + 1, done + 100)), dice.uniform(0, 1.5 * turn_s))
        killed += died
        done = max([done, *(int(word) for word in heard if word != "begun")])
    _, heard = run(functools.partial(go, range(done + 1, done + 3)))
    print(json.dumps({"killed": killed, "done": max(int(word) for word in heard if word != "begun")}))


if __name__ == "__main__":
    main()
