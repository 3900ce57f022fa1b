"""Processes that all want the last slot of campaigns: a program, so that nothing but the database is between them.

    python pledge_racers.py DATA URL JSON     JSON: [[campaign, sha256 of its terms, amount], ...], [account, ...]

A process for each account; all begin together. Prints JSON: what each process was told, campaign by campaign.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from registry.errors import RegistryError
from registry.lending.campaigns import pledging
from registry.lending.campaigns.schemas import PledgeWish
from registry.settings import Settings
from registry.stores.stores import open_stores


def race(settings: Settings, account_id: int, campaigns: list[tuple[int, str, int]], go: int) -> list[str]:
    """What one account is told."""
    stores = open_stores(settings)
    os.read(go, 1)  # until the parent lets go of its end
    said = []
    for number, sha256, amount_minor in campaigns:
        wish = PledgeWish(amount_minor=amount_minor, terms_sha256=sha256, key=f"race-{number}")
        try:
            said.append(f"pledge {pledging.pledge(stores, account_id, number, wish)}")
        except RegistryError as error:
            said.append(error.message)
    return said


def main() -> None:
    data, url, told = sys.argv[1:]
    campaigns, accounts = json.loads(told)
    settings = Settings(data=Path(data), database_url=url, secret_key="tests", tests=True)
    go, gate = os.pipe()
    answers = []
    for account_id in accounts:
        answer, tell = os.pipe()
        if os.fork() == 0:
            os.close(gate)
            said = race(settings, account_id, campaigns, go)
            os.write(tell, json.dumps(said).encode())
            os._exit(0)
        os.close(tell)
        answers.append(answer)
    os.close(gate)
    print(json.dumps([json.loads(os.fdopen(answer).read()) for answer in answers]))


main()
