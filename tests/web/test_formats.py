"""Values as people read them."""

from __future__ import annotations

import datetime as dt

import pytest

from registry.web import formats
from registry.web.paging import Pages

N = formats.NARROW


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (formats.size(0), f"0{N}B"),
        (formats.size(999), f"999{N}B"),
        (formats.size(1_597_495), f"1.6{N}MB"),
        (formats.size(48_000), f"48{N}kB"),
        (formats.size(2_400_000_000), f"2.4{N}GB"),
        (formats.seconds(0.424), f"0.42{N}s"),
        (formats.seconds(185.4), f"3{N}min 5{N}s"),
        (formats.grams(12.5), f"12.5{N}g"),
        (formats.grams(3_200), f"3.2{N}kg"),
        (formats.number(12_500.5), f"12{N}500.5"),
        (formats.number(-0.001), "0"),
        (formats.dimensions({"width": 40, "depth": 30.25, "height": 12}), f"40 × 30.2 × 12{N}mm"),
        (formats.plural(1, "board"), "1 board"),
        (formats.plural(2, "board"), "2 boards"),
    ],
)
def test_values(made: str, said: str) -> None:
    assert made == said


def test_moments() -> None:
    now = dt.datetime(2026, 5, 2, 12, tzinfo=dt.UTC).replace(tzinfo=None)
    assert formats.relative(now - dt.timedelta(seconds=20), now) == "just now"
    assert formats.relative(now - dt.timedelta(hours=1, minutes=5), now) == "1 hour ago"
    assert formats.relative(now - dt.timedelta(days=800), now) == "2 years ago"
    assert '<time datetime="2026-05-02T12:00:00Z" title="2 May 2026, 12:00:00 UTC">' in formats.when(now)
    assert formats.when(now.replace(tzinfo=dt.timezone(dt.timedelta(hours=2)))).count("T10:00:00Z") == 1


def test_pages() -> None:
    assert Pages(5, 24, 240).near() == [1, 2, 3, 4, 5, 6, 7, 0, 10]  # a gap of one page is that page
    assert Pages(1, 24, 480).near() == [1, 2, 3, 4, 5, 0, 20]
    assert Pages(10, 24, 480).near() == [1, 0, 8, 9, 10, 11, 12, 0, 20]
    assert Pages(20, 24, 480).near() == [1, 0, 16, 17, 18, 19, 20]
    assert Pages(2, 24, 48).near() == [1, 2]
    assert Pages(1, 24, 0).near() == [1] and Pages(1, 24, 0).first_item == 0
    assert (Pages(10, 24, 239).first_item, Pages(10, 24, 239).last_item) == (217, 239)
