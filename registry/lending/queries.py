"""What pages, JSON and commands read of lending."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlmodel import Session, col, select

from registry.accounts.queries import handle_of
from registry.commons import links
from registry.lending import policy
from registry.lending.policy import Policy
from registry.lending.schemas import PolicyChange, PolicyView
from registry.lending.tables import LendingPolicy


def policy_text(session: Session) -> tuple[int, str]:
    """(number, TOML) of the policy that holds; number 0 is the shipped one."""
    row = session.exec(select(LendingPolicy).order_by(col(LendingPolicy.number).desc()).limit(1)).first()
    return (row.number, row.text) if row else (0, policy.shipped_text())


def policy_now(session: Session) -> Policy:
    """The policy that holds."""
    return policy.parse(policy_text(session)[1])


def _shares(session: Session) -> links.Shares:
    told = policy_now(session).shares
    return links.Shares(told.commons_bp, told.commons_bp_max)


links.set_policy(_shares)


def get_policy(session: Session) -> PolicyView:
    """The policy that holds, and how it came to be."""
    rows = session.exec(select(LendingPolicy).order_by(col(LendingPolicy.number))).all()
    before, changes = policy.shipped(), []
    for row in rows:
        now = policy.parse(row.text)
        changes.append(
            PolicyChange(
                by=handle_of(session, row.account_id), differences=differences(before, now),
                **row.model_dump(include={"number", "why", "at", "sha256"}),
            )
        )  # fmt: skip
        before = now
    text = rows[-1].text if rows else policy.shipped_text()
    return PolicyView(
        number=len(rows), text=text, sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(),
        sentences=policy.explain(before), changes=changes[::-1],
    )  # fmt: skip


def differences(was: Policy, now: Policy) -> list[str]:
    """What is different in another policy, field by field: 'caps.pledge_minor_min: 1000, now 500'."""
    said = []
    old, new = was.model_dump(), now.model_dump()
    for table, fields in new.items():
        for name, value in fields.items():
            before = old[table][name]
            if value != before:
                shown = "another text" if "\n" in f"{before}{value}" else f"{_shown(before)}, now {_shown(value)}"
                said.append(f"{table}.{name}: {shown}")
    return said


def _shown(value: Any) -> str:
    return str(value) if value != "" else "empty"
