"""The book as other people's programs read it: beancount and hledger, each in a process of its own."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

Balances = dict[tuple[str, str], Decimal]


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


def hledger(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    return subprocess.run(["hledger", "-f", str(path), *words], capture_output=True, text=True, check=False, env=env)


def hledger_balances(path: Path) -> Balances:
    """Balances as hledger reads the file."""
    said = hledger(path, "balance", "--flat", "-O", "csv", "--layout=bare").stdout
    rows = csv.DictReader(io.StringIO(said))
    return {(row["account"], row["commodity"]): Decimal(row["balance"]) for row in rows if row["account"] != "total"}
