"""What people do with fabricators: make and change them, their machines, people and pictures."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

import registry.fabricators.leaving  # noqa: F401  it says what goes when an account is deleted
from registry import limits
from registry.accounts.queries import find_account
from registry.accounts.tables import Account
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.fabricators import pictures, place
from registry.fabricators.queries import find_fabricator
from registry.fabricators.schemas import FabricatorIn, FabricatorNew, MachineIn, Role
from registry.fabricators.tables import Fabricator, FabricatorPicture, Machine, MachineMaterial, Member
from registry.stores.stores import Stores
from registry.values import slugify, utcnow

_RANKS = {"viewer": 1, "operator": 2, "owner": 3}


def role_of(session: Session, fabricator_id: int, account_id: int | None) -> str:
    """owner, operator, viewer, or empty for who has no part in it."""
    if account_id is None:
        return ""
    if member := session.get(Member, (fabricator_id, account_id)):
        return member.role
    return "owner" if _shown_to_stewards(session, fabricator_id, account_id) else ""


def _shown_to_stewards(session: Session, fabricator_id: int, account_id: int) -> bool:
    """The example fabricators belong to nobody real: stewards may walk through all that a fabricator sees."""
    account = session.get(Account, account_id)
    if account is None or not account.is_steward:
        return False
    fabricator = session.get(Fabricator, fabricator_id)
    return bool(fabricator and fabricator.is_example)


def examples_of(session: Session, account_id: int) -> dict[int, str]:
    """fabricator's id -> owner, of the examples that a steward may walk through."""
    account = session.get(Account, account_id)
    if account is None or not account.is_steward:
        return {}
    return {number: "owner" for number in session.exec(select(Fabricator.id).where(Fabricator.is_example)) if number}


def require_role(session: Session, fabricator_id: int, account_id: int | None, role: Role) -> str:
    """The role of an account that may do what `role` may; stewards have it for examples alone. Raises: Forbidden."""
    held = role_of(session, fabricator_id, account_id)
    if _RANKS.get(held, 0) < _RANKS[role]:
        name = session.exec(select(Fabricator.name).where(Fabricator.id == fabricator_id)).first() or "this fabricator"
        who = {"viewer": "people", "operator": "owners and operators", "owner": "owners"}[role]
        yours = f"you are a {held} there" if held else "you are not one of them"
        raise Forbidden(f"This is for the {who} of {name} alone; {yours}.", "Ask an owner to give you a part in it.")
    return held


def create(stores: Stores, account_id: int | None, new: FabricatorNew, *, is_example: bool = False) -> str:
    """Make a fabricator, whose first owner is the account. Returns: its slug. Raises: Conflict."""
    with stores.db.transaction() as session:
        row = Fabricator(slug=_free_slug(session, new.name), name=new.name, is_example=is_example)
        _describe(row, new)
        session.add(row)
        session.flush()
        if account_id is not None:
            session.add(Member(fabricator_id=row.id or 0, account_id=account_id, role="owner"))
        for position, machine in enumerate(new.machines):
            _add(session, row.id or 0, position, machine)
        return row.slug


def _free_slug(session: Session, name: str) -> str:
    stem = slugify(name, "fabricator")[:70].rstrip(".-")
    if stem in ("new", "import", "template.csv", "machines.csv"):
        stem += "-workshop"
    taken = set(session.exec(select(Fabricator.slug).where(col(Fabricator.slug).startswith(stem, autoescape=True))))
    return next(slug for slug in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)


def _describe(row: Fabricator, told: FabricatorIn) -> None:
    for name in FabricatorIn.model_fields:
        setattr(row, name, getattr(told, name))
    row.shown_lat_deg, row.shown_lon_deg = place.shown_place(
        row.precision, row.lat_deg, row.lon_deg, row.town, row.country
    )
    row.updated_at = utcnow()


def edit(stores: Stores, account_id: int, slug: str, told: FabricatorIn) -> None:
    """Describe a fabricator anew. Raises: NotFound, Forbidden."""
    with stores.db.transaction() as session:
        row = find_fabricator(session, slug)
        require_role(session, row.id or 0, account_id, "operator")
        if not told.extra:
            told = told.model_copy(update={"extra": row.extra})
        _describe(row, told)
        session.add(row)


def _add(session: Session, fabricator_id: int, position: int, told: MachineIn) -> int:
    row = Machine(fabricator_id=fabricator_id, position=position, name=told.name, process=told.process)
    _describe_machine(row, told)
    session.add(row)
    session.flush()
    _add_materials(session, row.id or 0, told)
    return row.id or 0


def _describe_machine(row: Machine, told: MachineIn) -> None:
    for name in MachineIn.model_fields:
        if name != "materials":
            setattr(row, name, getattr(told, name))


def _add_materials(session: Session, machine_id: int, told: MachineIn) -> None:
    for material in told.materials:
        session.add(MachineMaterial(machine_id=machine_id, **material.model_dump()))


def _touch(session: Session, fabricator_id: int) -> None:
    session.execute(update(Fabricator).where(col(Fabricator.id) == fabricator_id).values(updated_at=utcnow()))


def add_machine(stores: Stores, account_id: int, slug: str, told: MachineIn) -> int:
    """Add a machine. Returns: its id. Raises: NotFound, Forbidden, Conflict."""
    with stores.db.transaction() as session:
        owner = find_fabricator(session, slug, hold=True)
        fabricator_id = owner.id or 0
        require_role(session, fabricator_id, account_id, "operator")
        count, last = session.exec(
            select(func.count(col(Machine.id)), func.max(Machine.position)).where(
                Machine.fabricator_id == fabricator_id
            )
        ).one()
        if count >= limits.MACHINES_PER_FABRICATOR:
            raise Conflict(
                f"A fabricator has at most {limits.MACHINES_PER_FABRICATOR} machines.",
                "Machines of one kind go in one row, with their number.",
            )
        _touch(session, fabricator_id)
        return _add(session, fabricator_id, (last or 0) + 1, told)


def _own_machine(session: Session, account_id: int, slug: str, machine_id: int) -> Machine:
    owner = find_fabricator(session, slug)
    require_role(session, owner.id or 0, account_id, "operator")
    machine = session.get(Machine, machine_id)
    if machine is None or machine.fabricator_id != owner.id:
        raise NotFound(f"{owner.name} has no such machine.", "It may have been removed.")
    _touch(session, owner.id or 0)
    return machine


def edit_machine(stores: Stores, account_id: int, slug: str, machine_id: int, told: MachineIn) -> None:
    """Describe a machine anew. Raises: NotFound, Forbidden."""
    with stores.db.transaction() as session:
        row = _own_machine(session, account_id, slug, machine_id)
        if not told.extra:
            told = told.model_copy(update={"extra": row.extra})
        _describe_machine(row, told)
        session.add(row)
        session.execute(delete(MachineMaterial).where(col(MachineMaterial.machine_id) == machine_id))
        _add_materials(session, machine_id, told)


def remove_machine(stores: Stores, account_id: int, slug: str, machine_id: int) -> None:
    """Remove a machine. Raises: NotFound, Forbidden."""
    with stores.db.transaction() as session:
        _own_machine(session, account_id, slug, machine_id)
        session.execute(delete(MachineMaterial).where(col(MachineMaterial.machine_id) == machine_id))
        session.execute(delete(Machine).where(col(Machine.id) == machine_id))


def set_member(stores: Stores, account_id: int, slug: str, handle: str, role: str) -> None:
    """Give an account a part, another one, or (role empty) none. Raises: Invalid, Conflict, Forbidden."""
    if role and role not in _RANKS:
        raise Invalid(f"{role[:40]!r} is no part; it is owner, operator or viewer.", field="role")
    with stores.db.transaction() as session:
        row = find_fabricator(session, slug, hold=True)
        fabricator_id = row.id or 0
        account = find_account(session, handle)
        leaving = account is not None and account.id == account_id and not role
        require_role(session, fabricator_id, account_id, "viewer" if leaving else "owner")
        if account is None or account.id is None:
            raise NotFound(f"There is no account called {handle.strip()[:80]}.", "Check the handle.", field="handle")
        members = list(session.exec(select(Member).where(Member.fabricator_id == fabricator_id)))
        held = next((member for member in members if member.account_id == account.id), None)
        owners = [member for member in members if member.role == "owner"]
        if held and held.role == "owner" and role != "owner" and len(owners) == 1:
            raise Conflict(f"{row.name} would have no owner left.", "Make somebody else an owner first.")
        if not role:
            if held:
                session.delete(held)
        elif held:
            held.role = role
            session.add(held)
        elif len(members) >= limits.MEMBERS_PER_FABRICATOR:
            raise Conflict(
                f"A fabricator has at most {limits.MEMBERS_PER_FABRICATOR} people.", "Remove somebody first."
            )
        else:
            session.add(Member(fabricator_id=fabricator_id, account_id=account.id, role=role))


def add_picture(stores: Stores, account_id: int, slug: str, content: bytes, words: str = "") -> int:
    """Add a picture, without what its camera wrote into it. Raises: Invalid, TooLarge, Conflict, Forbidden."""
    with stores.db.reading() as session:
        require_role(session, find_fabricator(session, slug).id or 0, account_id, "operator")
    made = pictures.read_photo(content)
    files = {str(width): stores.blobs.put(data) for width, data in made.files.items()}
    with stores.db.transaction() as session:
        row = find_fabricator(session, slug, hold=True)
        require_role(session, row.id or 0, account_id, "operator")
        of = select(func.count(col(FabricatorPicture.id))).where(FabricatorPicture.fabricator_id == row.id)
        if (count := session.exec(of).one()) >= limits.PICTURES_PER_FABRICATOR:
            raise Conflict(f"A fabricator has at most {limits.PICTURES_PER_FABRICATOR} pictures.", "Remove one first.")
        values: dict[str, Any] = {"width_px": made.width_px, "height_px": made.height_px}
        picture = FabricatorPicture(
            fabricator_id=row.id or 0, position=count, digest=files[max(files, key=int)], files=files,
            words=" ".join(words.split())[: limits.SUMMARY_CHARS], **values,
        )  # fmt: skip
        session.add(picture)
        _touch(session, row.id or 0)
        session.flush()
        return picture.id or 0


def remove_picture(stores: Stores, account_id: int, slug: str, picture_id: int) -> None:
    """Remove a picture. Raises: NotFound, Forbidden."""
    with stores.db.transaction() as session:
        row = find_fabricator(session, slug)
        require_role(session, row.id or 0, account_id, "operator")
        gone = session.exec(
            delete(FabricatorPicture).where(
                col(FabricatorPicture.id) == picture_id, col(FabricatorPicture.fabricator_id) == row.id
            )
        )
        if gone.rowcount != 1:
            raise NotFound(f"{row.name} has no such picture.", "It may have been removed.")
