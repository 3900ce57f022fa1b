"""Plans over several fabricators: each aim against trying everything, and the words for what is missing."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.fabricators.needs import Need
from registry.fabricators.plans import YOU, Offer, best_plan, plans


def need(id_: str, *, by_yourself: bool = False) -> Need:
    return Need(id=id_, process="x", processes=("x",), subject="part", title=id_, by_yourself=by_yourself)


def offer(number: int, covered: str, km: float | None = None, costs: dict[str, int] | None = None) -> Offer:
    return Offer(number, f"F{number}", frozenset(covered), km, costs or {}, "EUR")


NEEDS = [need("a"), need("b"), need("c"), need("z", by_yourself=True)]


def test_two_hands_rather_than_three() -> None:
    plan = best_plan(NEEDS, [offer(1, "a"), offer(2, "b"), offer(3, "c"), offer(4, "bc")], "hands")
    assert plan is not None and {share.fabricator_id for share in plan.shares} == {1, 4, YOU}
    assert plan.missing == () and plan.exact


def test_the_near_ones_where_distance_counts() -> None:
    offers = [offer(1, "ab", 500.0), offer(2, "a", 3.0), offer(3, "b", 4.0), offer(4, "c", 9.0)]
    plan = best_plan(NEEDS, offers, "distance")
    assert plan is not None and plan.distance_km == 16.0
    assert {share.fabricator_id for share in plan.shares} == {2, 3, 4, YOU}


def test_cost_counts_what_is_known_and_says_what_is_not() -> None:
    offers = [offer(1, "ab", 1.0, {"a": 900, "b": 900}), offer(2, "b", 1.0, {"b": 100}), offer(3, "c", 1.0)]
    plan = best_plan(NEEDS, offers, "cost")
    assert plan is not None and (plan.cost_minor, plan.cost_unknown) == (1000, 1)
    assert best_plan(NEEDS, [offer(1, "a")], "cost") is None


def test_assembly_is_given_to_who_does_it_else_to_you() -> None:
    own = best_plan(NEEDS, [offer(1, "ab"), offer(2, "cz")], "hands")
    assert own is not None and next(share for share in own.shares if "z" in share.needs).fabricator_id == 2
    yours = best_plan(NEEDS, [offer(1, "abc")], "hands")
    assert yours is not None and next(share for share in yours.shares if "z" in share.needs).fabricator_id == YOU


def test_what_nobody_does_is_missing() -> None:
    plan = best_plan(NEEDS, [offer(1, "a")], "hands")
    assert plan is not None and plan.missing == ("b", "c")
    assert best_plan(NEEDS, [offer(1, "z")], "hands") is None
    assert plans(NEEDS, []) == []


OFFERS = st.lists(
    st.tuples(st.frozensets(st.sampled_from("abc")), st.floats(min_value=0, max_value=100)), min_size=1, max_size=7
)


@settings(max_examples=200)
@given(OFFERS)
def test_no_choice_is_better_than_the_one_found(rows: list[tuple[frozenset[str], float]]) -> None:
    offers = [offer(number, "".join(covered), km) for number, (covered, km) in enumerate(rows, 1)]
    possible = frozenset().union(*(one.covered for one in offers))
    for aim in ("hands", "distance"):
        plan = best_plan(NEEDS, offers, aim)  # type: ignore[arg-type]
        if not possible:
            assert plan is None
            continue
        assert plan is not None
        covering = [
            chosen
            for count in range(1, 4)
            for chosen in itertools.combinations(offers, count)
            if possible <= frozenset().union(*(one.covered for one in chosen))
        ]
        used = [share for share in plan.shares if share.fabricator_id != YOU]
        if aim == "hands":
            assert len(used) == min(len(chosen) for chosen in covering)
        else:
            least = min(sum(one.distance_km or 0 for one in chosen) for chosen in covering)
            assert sum(share.distance_km or 0 for share in used) <= least + 1e-6
        assert {id_ for share in used for id_ in share.needs} == possible


def test_many_offers_are_answered_in_time() -> None:
    offers = [offer(number, "abc"[number % 3], float(number)) for number in range(1, 400)]
    plan = best_plan(NEEDS, offers, "distance")
    assert plan is not None and plan.missing == () and plan.distance_km == 6.0
