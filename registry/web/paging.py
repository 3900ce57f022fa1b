"""Pages of a list, by address."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request


@dataclass(frozen=True, slots=True)
class Pages:
    """Where a list is, and how to go on."""

    page: int
    per_page: int
    total: int

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, -(-self.total // self.per_page))

    @property
    def first_item(self) -> int:
        """The number of the first item on this page."""
        return min(self.total, (self.page - 1) * self.per_page + 1)

    @property
    def last_item(self) -> int:
        """The number of the last item on this page."""
        return min(self.total, self.page * self.per_page)

    def near(self) -> list[int]:
        """The pages to offer: first, last, and five around this one; 0 stands for a gap of more than one page."""
        start = max(1, min(self.page - 2, self.last - 4))
        wanted = sorted({1, self.last, *range(start, min(self.last, start + 4) + 1)})
        pages: list[int] = []
        for number in wanted:
            gap = number - pages[-1] - 1 if pages else 0
            if gap == 1:
                pages.append(number - 1)
            elif gap:
                pages.append(0)
            pages.append(number)
        return pages


def address(**changes: object) -> str:
    """This page's address with some arguments changed; empty ones are left out, and a new choice starts at page one."""
    values = {key: value for key, value in request.args.items() if value}
    if "page" not in changes:
        values.pop("page", None)
    for key, value in changes.items():
        values.pop(key, None)
        if value not in ("", None):
            values[key] = str(value)
    return request.path + (f"?{urlencode(values)}" if values else "")
