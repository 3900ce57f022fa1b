"""The book as other people's programs read it: beancount and hledger, each in a process of its own."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

Balances = dict[tuple[str, str], Decimal]
Moved = tuple[str, list[str], list[str], int]  # month, giver and taker as [kind, id, role], amount in cents


def bean_check(path: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("bean-check")
    assert program.exists(), "beancount is among the test requirements"
    return subprocess.run([str(program), "--no-cache", str(path)], capture_output=True, text=True, check=False)


def bean_balances(path: Path) -> Balances:
    """Balances as beancount itself reads the file."""
    code = (
        "import json, sys; from beancount import loader; from beancount.core import data, realization;"
        "entries, errors, _ = loader.load_file(sys.argv[1]); assert not errors, errors;"
        "found = {};\n"
        "for entry in entries:\n"
        "  if isinstance(entry, data.Transaction):\n"
        "    for each in entry.postings:\n"
        "      at = each.account + ' ' + each.units.currency\n"
        "      found[at] = found.get(at, 0) + each.units.number\n"
        "print(json.dumps({at: str(number) for at, number in found.items()}))"
    )
    said = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stdout
    return {(at.split(" ")[0], at.split(" ")[1]): Decimal(number) for at, number in json.loads(said).items()}


def bean_transfers(path: Path, currency: str = "EUR") -> list[Moved]:
    """Every transfer of a currency with two decimals, as beancount itself reads the file."""
    code = (
        "import json, sys; from beancount import loader; from beancount.core import data;"
        "entries, errors, _ = loader.load_file(sys.argv[1]); assert not errors, errors;"
        "found = []\n"
        "for entry in entries:\n"
        "  if isinstance(entry, data.Transaction):\n"
        "    gives = next(p for p in entry.postings if p.units.number > 0)\n"
        "    takes = next(p for p in entry.postings if p.units.number < 0)\n"
        "    found.append([str(entry.date), gives.account, takes.account, str(gives.units.number),"
        " gives.units.currency])\n"
        "print(json.dumps(found))"
    )
    said = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stdout
    return [
        (day[:7], gives.split(":")[1:], takes.split(":")[1:], int(Decimal(number) * 100))
        for day, gives, takes, number, code in json.loads(said)
        if code == currency
    ]


def is_(account: list[str], kind: str, *roles: str) -> bool:
    """Whether an account is of a kind, with a role that begins so."""
    return account[0] == kind and account[2].startswith(roles)


def is_bank(account: list[str]) -> bool:
    return is_(account, "External", "Bank")


def is_till(account: list[str]) -> bool:
    """A bank account, or what of one was explained later."""
    return is_bank(account) or is_(account, "Campaign", "Unmatched", "Unexplained")


def month_by_beancount(rows: list[Moved], at: str) -> dict[str, int]:
    """The figures of a month, worked out from transfers alone; those that need the states of loans are left out."""

    def stock(mine: Callable[[list[str]], bool]) -> int:
        return sum((mine(takes) - mine(gives)) * amount for month, gives, takes, amount in rows if month <= at)

    def flow(sign: Callable[[list[str], list[str]], int]) -> int:
        return sum(sign(gives, takes) * amount for month, gives, takes, amount in rows if month == at)

    def net(one: Callable[[list[str]], bool], other: Callable[[list[str]], bool]) -> int:
        return flow(lambda g, t: (one(g) and other(t)) - (one(t) and other(g)))

    def debt(account: list[str]) -> bool:
        return is_(account, "Fabricator", "Owes", "Lost")

    return {
        "cash": -stock(is_bank),
        "goods": -stock(lambda a: is_(a, "Fabricator", "Owes")),
        "written_off": -stock(lambda a: is_(a, "Fabricator", "Lost")),
        "owed": stock(lambda a: is_(a, "Person", "Loan", "Due")),
        "funds": stock(lambda a: a[0] == "Fund"),
        "waiting": stock(lambda a: is_(a, "Campaign", "Unmatched", "Unexplained", "Excess")),
        "came": flow(lambda g, t: is_bank(g) and not is_bank(t)),
        "went": flow(lambda g, t: is_bank(t) and not is_bank(g)),
        "turnover": flow(lambda g, t: is_bank(g) != is_bank(t)),
        "lent": net(is_till, lambda a: is_(a, "Person", "Loan")),
        "disbursed": flow(lambda g, t: debt(g) and is_till(t)),
        "repaid": flow(lambda g, t: is_till(g) and debt(t)),
        "sold": flow(lambda g, t: is_(g, "Fabricator", "Sales") - is_(t, "Fabricator", "Sales")),
        "in_goods": net(lambda a: is_(a, "Person", "Loan"), debt),
        "returned": net(lambda a: is_(a, "Person", "Due"), is_till),
        "rewards": net(is_till, lambda a: is_(a, "Campaign", "Reward")),
        "to_funds": flow(lambda g, t: t[0] == "Fund"),
        "from_funds": flow(lambda g, t: g[0] == "Fund"),
        "charges": net(lambda a: is_(a, "Campaign", "Charges"), is_till),
    }


def hledger(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    return subprocess.run(["hledger", "-f", str(path), *words], capture_output=True, text=True, check=False, env=env)


def hledger_balances(path: Path) -> Balances:
    """Balances as hledger reads the file."""
    said = hledger(path, "balance", "--flat", "-O", "csv", "--layout=bare").stdout
    rows = csv.DictReader(io.StringIO(said))
    return {(row["account"], row["commodity"]): Decimal(row["balance"]) for row in rows if row["account"] != "total"}
