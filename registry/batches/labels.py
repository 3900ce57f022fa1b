"""Labels for units: sheets of 65 for a laser printer, or one after the other for a label printer."""

from __future__ import annotations

from registry.batches import unit_queries, units
from registry.batches.papers import Paper, lay_out, make_pdf
from registry.batches.tables import Batch
from registry.designs.tables import Design, Revision
from registry.errors import Conflict, Invalid, NotFound
from registry.fabricators.tables import Fabricator
from registry.stores.stores import Stores

FORMS = {"a4": "A4 sheets, 65 of 38.1 × 21.2 mm", "roll": "Label printer, 62 × 29 mm each"}
LABELS_MAX = 1_300
PER_SHEET = 65


def labels(
    stores: Stores, batch_id: int, form: str = "a4", first: int = 1, last: int = LABELS_MAX, skip: int = 0
) -> bytes:
    """Labels of the units from number `first` to `last`, after `skip` places that are used on the first sheet.

    Raises: Conflict, Invalid, NotFound, Unavailable.
    """
    return make_pdf(stores, lay_out_labels(stores, batch_id, form, first, last, skip))


def lay_out_labels(stores: Stores, batch_id: int, form: str, first: int, last: int, skip: int) -> Paper:
    """The labels as a page. Raises: Conflict, Invalid, NotFound."""
    if form not in FORMS:
        raise Invalid(f"There are no labels of the form {form[:20]}.", "Choose a4 or roll.", field="form")
    if not 0 <= skip < PER_SHEET:
        raise Invalid(f"A sheet has {PER_SHEET} labels.", f"Skip 0 to {PER_SHEET - 1}.", field="skip")
    with stores.db.reading() as session:
        batch = session.get(Batch, batch_id)
        if batch is None:
            raise NotFound(f"There is no batch {batch_id}.", "Look at the list of batches.")
        design, revision = session.get_one(Design, batch.design_id), session.get_one(Revision, batch.revision_id)
        maker = session.get_one(Fabricator, units.lead_of(session, batch))
        found = unit_queries.all_units(session, batch_id).units[max(first, 1) - 1 : last]
    chosen = [unit for unit in found if unit.state != "scrap"][:LABELS_MAX]
    if not chosen:
        raise Conflict("There are no units with a number to make labels for.", "Number the units of the batch first.")
    places = [None] * (skip if form == "a4" else 0) + chosen
    sheets = [places[at : at + PER_SHEET] for at in range(0, len(places), PER_SHEET)]
    root = f"{stores.settings.public_url}/batches/{batch_id}/units/"
    return Paper(
        lay_out("labels.html", form=form, sheets=sheets, design=design, revision=revision, maker=maker, root=root)
    )
