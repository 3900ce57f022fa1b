"""Which pieces a fabricator could make of a design that they can't make whole."""

from __future__ import annotations

from registry.fabricators.matching import Answer, quick
from registry.fabricators.needs import Need, Piece
from registry.fabricators.piecewise import makeable_pieces
from registry.fabricators.schemas import MachineFacts

SHORT = Piece(name="Rib", target="rib", quantity=4, box_mm=(100, 50, 10))
LONG = Piece(name="Table", target="table", quantity=1, box_mm=(2000, 600, 10))


def need(process: str, *pieces: Piece, by_yourself: bool = False) -> Need:
    return Need(
        id=process,
        process=process,
        processes=(process,),
        subject="part",
        title=process,
        pieces=pieces,
        by_yourself=by_yourself,
    )


def machine(process: str) -> MachineFacts:
    return MachineFacts(
        id=1, fabricator_id=1, name=f"the {process}", process=process, count=1, status="ready", work_x_mm=1000.0,
        work_y_mm=800.0, work_z_mm=400.0, materials=(), parameters={}, setup_minor=None, hour_minor=None,
        currency="EUR",
    )  # fmt: skip


def made(needs: list[Need], *processes: str) -> list[tuple[str, str, list[str]]]:
    have = {process: machine(process) for process in processes}

    def judged(asked: Need) -> tuple[Answer, MachineFacts | None]:
        one = have.get(asked.process)
        return (quick(asked, one), one) if one else ("no", None)

    return [(one.name, one.answer, one.elsewhere) for one in makeable_pieces(needs, judged)]


def test_a_piece_that_is_too_long_does_not_take_the_others_with_it() -> None:
    cut = need("laser_cutting", SHORT, LONG)
    assert cut.hull_mm == (2000, 600, 10)
    assert made([cut], "laser_cutting") == [("Rib", "yes", [])]


def test_every_step_counts_but_finishing_may_be_left_to_others() -> None:
    cut, bent = need("laser_cutting", SHORT), need("sheet_bending", SHORT)
    assert made([cut, bent], "laser_cutting") == []
    assert made([cut, need("sandblasting", SHORT)], "laser_cutting") == [("Rib", "yes", ["sandblasting"])]
    assert made([cut, need("painting", SHORT, by_yourself=True)], "laser_cutting") == [("Rib", "yes", [])]
    assert made([cut, need("sandblasting", SHORT)], "sandblasting") == [], "a finish alone makes no piece"
