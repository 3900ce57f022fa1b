"""JSON of the dashboard: all its numbers, and what its people do there."""

from __future__ import annotations

from flask import Blueprint

from registry.batches import quoting
from registry.batches import service as batches
from registry.dashboard import overview, service
from registry.dashboard.schemas import Dashboard, Done, MachineWish, MoveWish, PaymentWish, PlanWish, WordWish
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation

blueprint = Blueprint("dashboard_api", __name__)
_HERE = "/fabricators/<slug>/dashboard"
_NUMBER = "<int(max=2147483647):number>"


@operation(blueprint, "GET", _HERE, answers={200: Dashboard}, account=True)
def read_dashboard(slug: str) -> Dashboard:
    """All numbers of a fabricator's dashboard, for its own people."""
    person = people.required()
    batches.settle_due(stores())
    quoting.expire_due(stores())
    with stores().db.reading() as session:
        fabricator, role = service.enter(session, slug, person.id)
        return overview.dashboard(stores(), session, fabricator, person.id, role)


@operation(blueprint, "POST", f"{_HERE}/moves", body=MoveWish, answers={200: Done}, faults=(409,), account=True)
def move_job(slug: str, body: MoveWish) -> Done:
    """Move a job on; the same key with the same wish moves it once."""
    return service.move(stores(), people.required().id, slug, body)


@operation(blueprint, "POST", f"{_HERE}/messages", body=WordWish, answers={200: Done}, faults=(409,), account=True)
def answer_thread(slug: str, body: WordWish) -> Done:
    """Write in a thread of the inbox; the same key with the same words sends them once."""
    return service.answer(stores(), people.required().id, slug, body)


@operation(
    blueprint, "POST", f"{_HERE}/machines/{_NUMBER}", body=MachineWish, answers={200: Done}, faults=(409,), account=True
)
def set_machine(slug: str, number: int, body: MachineWish) -> Done:
    """Say whether a machine is free; the same key with the same status sets it once."""
    return service.set_machine(stores(), people.required().id, slug, number, body)


@operation(blueprint, "POST", f"{_HERE}/payments", body=PaymentWish, answers={200: Done}, faults=(409,), account=True)
def see_payment(slug: str, body: PaymentWish) -> Done:
    """Record money that was seen for a reservation or an accepted quote, or given back."""
    return service.see_payment(stores(), people.required().id, slug, body)


@operation(blueprint, "POST", f"{_HERE}/jobs/{_NUMBER}/plan", body=PlanWish, answers={200: Done}, account=True)
def plan_job(slug: str, number: int, body: PlanWish) -> Done:
    """Say how long a job takes, and when it is promised."""
    return service.plan_job(stores(), people.required().id, slug, number, body)
