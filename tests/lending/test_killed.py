"""A treasurer's desk that dies at any moment of an import, a posting, a decision or a file: nothing doubled, nothing
lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from bank_support import open_desk
from defusedxml import ElementTree
from sqlmodel import select

from registry.ledger import queries as ledger
from registry.lending.bank.tables import PaymentFile
from registry.settings import PROJECT
from registry.stores.stores import Stores

SUPPORT = Path(__file__).resolve().parents[1] / "support"
AT = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08", "p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"}


@pytest.mark.parametrize("times", [int(os.environ.get("BRICKYARD_BANK_KILLS", "10"))])
def test_killed_during_import_posting_and_disbursement(stores: Stores, tmp_path: Path, times: int) -> None:
    desk = open_desk(stores, target_minor=200_000, optimum_minor=300_000, pledge_minor_max=100_000)
    bank = tmp_path / "bank"
    bank.mkdir()
    done = subprocess.run(
        [sys.executable, str(SUPPORT / "bank_writers.py"), stores.settings.database_url, str(bank), str(desk.number),
         str(times), json.dumps(desk.people)],
        capture_output=True, text=True, check=False, timeout=1200,
        env=os.environ | {"PYTHONPATH": f"{PROJECT}:{SUPPORT}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["killed"] >= times - 1 and told["done"] >= 4
    print(f"{told['killed']} killed, {told['done']} statements")

    booked: Counter[tuple[int, str]] = Counter()
    statements = [bank / f"S{turn}.xml" for turn in range(1, told["done"] + 1)]
    for file in statements:
        tree = ElementTree.parse(file)
        for entry in tree.iterfind(".//c:Ntry", AT):
            cents = int((entry.findtext("c:Amt", "", AT)).replace(".", ""))
            came = entry.findtext("c:CdtDbtInd", "", AT) == "CRDT"
            booked[cents if came else -cents, entry.findtext(".//c:Ustrd", "", AT)] += 1
    desk.balance = json.loads((bank / "balance.json").read_text())["closing"]
    desk.check()  # the book adds up and is what the bank says
    entries = desk.entries()
    assert Counter((one.amount_minor, one.text) for one in entries) == booked, "each booking of the bank is here once"
    assert {one.state for one in entries} <= {"matched", "discarded"}
    paid = sum(one.pledge_id is not None for one in entries)
    with desk.stores.db.reading() as session:
        loans = ledger.balances(session, kind="person", role=f"loan-{desk.number}")
    assert sum(one.balance_minor for one in loans) == 1_000 * paid
    orders = desk.orders()
    assert Counter(one.for_entry_id for one in orders) == Counter(
        one.id for one in entries if one.state == "discarded"
    ), "each is sent back once"  # fmt: skip
    with desk.stores.db.reading() as session:
        files = session.exec(select(PaymentFile)).all()
    filed = Counter(
        one.text for file in files for one in ElementTree.fromstring(file.content).iterfind(".//p:EndToEndId", AT)
    )
    assert filed == Counter(one.end_to_end for one in orders if one.file_id), "each leaves in one file"
    left = Counter(one.end_to_end for one in entries if one.amount_minor < 0)
    assert left == Counter(one.end_to_end for one in orders if one.state == "paid")
    assert desk.book("unmatched") == 700 * sum(one.state != "paid" for one in orders)
