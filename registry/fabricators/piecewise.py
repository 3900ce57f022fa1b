"""Which boards and parts of a version a fabricator could make, though not the whole. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from registry.fabricators.making_schemas import MakeablePiece
from registry.fabricators.matching import Answer
from registry.fabricators.needs import FINISHING, Need, Piece
from registry.fabricators.schemas import MachineFacts

Judged = Callable[[Need], tuple[Answer, MachineFacts | None]]


def pieces_of(needs: Sequence[Need]) -> dict[tuple[str, str], list[tuple[Need, Piece]]]:
    """Every board and part of a version with what it needs; a bare board and its assembly are needs of one piece."""
    found: dict[tuple[str, str], list[tuple[Need, Piece]]] = {}
    for need in needs:
        for piece in need.pieces if need.subject != "whole" else ():
            found.setdefault((piece.name, piece.target), []).append((need, piece))
    return found


def makeable_pieces(needs: Sequence[Need], judged: Judged) -> list[MakeablePiece]:
    """The pieces that machines can make from first step to last; what surely can be made comes first."""
    found = []
    for steps in pieces_of(needs).values():
        if (one := _piece(steps, judged)) is not None:
            found.append(one)
    return sorted(found, key=lambda one: (one.answer != "yes", len(one.elsewhere)))


def _piece(steps: Sequence[tuple[Need, Piece]], judged: Judged) -> MakeablePiece | None:
    worst: Answer = "yes"
    machines: dict[str, None] = {}
    elsewhere = []
    for need, piece in sorted(steps, key=lambda one: _when(one[0])):
        answer, machine = judged(_alone(need, piece))
        if answer == "no" and need.process not in FINISHING:
            return None
        if answer == "no" and not need.by_yourself:
            elsewhere.append(need.title)
        elif answer == "unknown":
            worst = "unknown"
        if machine is not None and answer != "no":
            machines.setdefault(machine.name)
    if not machines:
        return None
    first = steps[0][1]
    return MakeablePiece(
        name=first.name,
        target=first.target,
        quantity=first.quantity,
        answer="yes" if worst == "yes" else "unknown",
        steps=[need.title for need, _ in sorted(steps, key=lambda one: _when(one[0]))],
        machines=list(machines),
        elsewhere=elsewhere,
    )


def _when(need: Need) -> int:
    """Shape first, then blasting, then what goes over it."""
    return 0 if need.process not in FINISHING else 1 if need.process == "sandblasting" else 2


def _alone(need: Need, piece: Piece) -> Need:
    """A need of one of its pieces alone: that another is too long for a machine says nothing of this one."""
    if need.pieces == (piece,):
        return need
    # built anew, not copied: a copy would keep the hull of all pieces
    return Need(**{name: getattr(need, name) for name in Need.model_fields} | {"pieces": (piece,)})
