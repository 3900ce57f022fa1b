"""What must be true before a campaign opens: capital comes after proof."""

from __future__ import annotations

from sqlmodel import Session

from registry.batches.tables import Batch
from registry.designs.tables import Revision
from registry.lending.campaigns.schemas import ProofView
from registry.lending.campaigns.terms import count
from registry.lending.policy import Policy, percent

FINANCED = ("open", "filled")


def proofs(session: Session, batch: Batch, policy: Policy) -> list[ProofView]:
    """Each thing that the policy asks for, and how it stands now."""
    revision = session.get_one(Revision, batch.revision_id)
    wanted, share = policy.proof.build_reports, policy.proof.reserved_share_bp
    needed = -(-batch.units_max * share // 10_000)
    return [
        ProofView(
            what=f"{count(wanted, 'independent build report')} of {revision.name}",
            there=f"{count(revision.others, 'person has', 'people have')} built it",
            ok=revision.others >= wanted,
        ),
        ProofView(
            what=f"{percent(share)} of the batch reserved: {needed} of {batch.units_max}",
            there=f"{count(batch.reserved, 'unit')} reserved",
            ok=batch.reserved >= needed,
        ),
        ProofView(
            what="A batch that fills, or is filled and not begun", there=f"It is {batch.state}",
            ok=batch.state in FINANCED,
        ),
    ]  # fmt: skip
