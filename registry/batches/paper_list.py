"""The papers of a batch as data: which there are, and what travellers and labels print."""

from __future__ import annotations

from registry.batches import labels, queries, travellers, unit_queries, units
from registry.batches.unit_schemas import PaperSteps, PapersView, PaperUnit, PaperView
from registry.errors import Forbidden
from registry.stores.stores import Stores


def require_reader(stores: Stores, account_id: int, batch_id: int) -> None:
    """Papers are for those who make a batch. Raises: NotFound, Forbidden."""
    with stores.db.reading() as session:
        queries.get_batch(session, batch_id, account_id)
        if not units.makes(session, batch_id, account_id):
            raise Forbidden("This paper is for those who make the batch.", "Ask one of them.")


def papers_of(stores: Stores, batch_id: int) -> PapersView:
    """Every paper of a batch. Raises: NotFound."""
    with stores.db.reading() as session:
        batch = queries.get_batch(session, batch_id, None)
        listed = unit_queries.all_units(session, batch_id).units
    here = f"/api/v1/batches/{batch_id}"
    page = f"{stores.settings.public_url}/batches/{batch_id}"
    papers = [PaperView(kind="batch-traveller", title="Traveller of the batch", pdf=f"{here}/traveller.pdf")]
    alive = [unit for unit in listed if unit.state != "scrap"]
    for form, title in labels.FORMS.items() if alive else ():
        pdf = f"{here}/labels.pdf?form={form}"
        papers.append(PaperView(kind="labels", title=f"Labels: {title}", form=form, pdf=pdf))
    for unit in alive:
        pdf = f"{here}/units/{unit.serial}/traveller.pdf"
        papers.append(
            PaperView(kind="unit-traveller", title=f"Traveller of {unit.serial}", serial=unit.serial, pdf=pdf)
        )
    return PapersView(
        batch=batch_id,
        design=batch.design,
        version=batch.version,
        url=page,
        papers=papers,
        units=[PaperUnit(**unit.model_dump(), url=f"{page}/units/{unit.serial}") for unit in listed],
        chapters=[
            PaperSteps(title=one.title, steps=one.steps, checks=one.checks)
            for one in travellers.told_steps(stores, batch_id)
        ],
    )
