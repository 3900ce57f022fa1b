"""Small plots as numbers for a drawing: bars by week."""

from __future__ import annotations

from collections.abc import Sequence

from registry.dashboard.schemas import WeekFigures
from registry.web.plots import Plot, bars_of


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""


def _plot(
    id_: str, title: str, about: str, whole: str, weeks: Sequence[WeekFigures], values: Sequence[tuple[float, str]],
    most: float, top: str,
) -> Plot:  # fmt: skip
    told = [(week.begins_on, value, text) for week, (value, text) in zip(weeks, values, strict=True)]
    return Plot(id_, title, about, whole, bars_of(told, most), top)


def plots_of(weeks: Sequence[WeekFigures]) -> list[Plot]:
    """Throughput, on-time rate, yield."""
    most = max((week.shipped for week in weeks), default=0)
    shipped = sum(week.shipped for week in weeks)
    on_time, ended = sum(week.on_time for week in weeks), sum(week.on_time + week.late for week in weeks)
    good, handled = sum(week.good for week in weeks), sum(week.good + week.scrap for week in weeks)
    return [
        _plot("throughput", "Throughput", "Units counted as shipped", f"{shipped} units", weeks,
              [(week.shipped, str(week.shipped) if week.shipped else "") for week in weeks], most, str(most)),
        _plot("on-time", "On time", "Jobs first moved to 'shipped' on or before the day they were due",
              f"{on_time} of {ended}" if ended else "none ended", weeks,
              [(week.on_time / max(1, week.on_time + week.late), _share(week.on_time, week.on_time + week.late))
               for week in weeks], 1, "100 %"),
        _plot("yield", "Yield", "Good units of all that were counted when made, assembled and tested",
              _share(good, handled) or "nothing counted", weeks,
              [(week.good / max(1, week.good + week.scrap), _share(week.good, week.good + week.scrap))
               for week in weeks], 1, "100 %"),
    ]  # fmt: skip
