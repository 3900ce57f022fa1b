"""Each number that a fabricator's dashboard shows in the browser, against SQL that knows nothing of the registry's."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

SHOP = "select id from fabricator where slug = 'fred-s-bench'"
OWN = f"from batch b join batch_maker m on m.batch_id = b.id where m.fabricator_id = ({SHOP})"
PLANNED = OWN.replace("where", "join job_plan j on j.batch_id = b.id where")
COLUMNS = ("draft", "open", "filled", "materials", "made", "assembled", "tested", "shipped")
IN_WORK = "('filled', 'materials', 'made', 'assembled', 'tested')"
# The price that holds for what is reserved, from the batch's own list.
PRICE = (
    "(select json_extract(p.value, '$.unit_minor') from json_each(b.prices) p "
    "where json_extract(p.value, '$.quantity') <= max(b.reserved, b.units_min) "
    "order by json_extract(p.value, '$.quantity') desc limit 1)"
)
PAID = "(select coalesce(sum(s.amount_minor), 0) from payment_seen s where s.reservation_id = r.id)"


def first(text: str) -> int:
    """The first whole number in a text; 0 without one."""
    found = re.search(r"\d+", text)
    return int(found[0]) if found else 0


def minor(text: str) -> int:
    """'1,050.50 EUR' as cents."""
    return int(re.sub(r"\D", "", text.partition("EUR")[0]))


class Dashboard:
    """The dashboard of one shop, in the browser of who works there."""

    def __init__(self, people: Any, batch: int) -> None:
        self.people, self.page, self.batch = people, people.fabricator, batch
        self.home = f"{people.url}/fabricators/fred-s-bench/dashboard"
        self.sql = people.numbers

    def go(self, part: str) -> None:
        """Open a part."""
        self.page.goto(f"{self.home}{part}", wait_until="load")

    def texts(self, where: str) -> list[str]:
        """What stands at some places, as the page shows it."""
        found: list[str] = self.page.locator(where).all_inner_texts()
        return found

    def check(self) -> None:
        """All of its pages."""
        self.today = dt.datetime.now(dt.UTC).date()
        self.monday = self.today - dt.timedelta(days=self.today.weekday())
        self._board()
        self._rail()
        self._weeks()
        self._inbox()
        self._machines()
        self._money()
        self._figures()
        self._buy()
        assert dt.datetime.now(dt.UTC).date() == self.today, "a day went by while the pages were read"

    def _board(self) -> None:
        self.go("")
        for state in COLUMNS:
            column = self.page.locator(f".col[data-state={state}]")
            jobs, units = column.locator("h2 .num").first.inner_text(), column.locator("h2 .units")
            assert first(jobs) == self.sql(f"select count(*) {OWN} and b.state = ?", state), state
            reserved = self.sql(f"select sum(b.reserved) {OWN} and b.state = ?", state)
            assert (first(units.inner_text()) if units.count() else 0) == reserved, state
        state = self.sql("select state from batch where id = ?", self.batch)
        told = self.page.locator(f"#job-{self.batch} p.num").first.inner_text()
        numbers = [int(number) for number in re.findall(r"\d+", told)]
        reserved = self.sql("select reserved from batch where id = ?", self.batch)
        scrap = self.sql("select sum(scrap) from batch_count where batch_id = ?", self.batch)
        if state in ("filled", "shipped"):
            expected = [reserved]
        else:
            after = COLUMNS[COLUMNS.index(state) + 1]
            good = self.sql("select sum(good) from batch_count where batch_id = ? and stage = ?", self.batch, after)
            expected = [good, reserved]
        assert numbers == expected + ([scrap] if scrap else []), (state, told)

    def _rail(self) -> None:
        for _ in range(60):  # it is live: what the page has not seen yet, it sees within seconds
            shown, expected = self._rail_shown(), self._rail_expected()
            if shown == expected:
                break
            self.page.wait_for_timeout(500)
        assert shown == expected, (shown, expected)

    def _rail_shown(self) -> dict[str, int]:
        shown = {}
        for item in self.page.locator("#rail nav li").all():
            badge = item.locator(".badge")
            shown[item.locator(".label").inner_text()] = first(badge.inner_text()) if badge.count() else 0
        return shown

    def _rail_expected(self) -> dict[str, int]:
        due = f"select count(*) {OWN} and b.state in {IN_WORK} and exists (select 1 from job_plan j " \
              "where j.batch_id = b.id and j.due_on between ? and ?)"  # fmt: skip
        soon = "select count(*) from quote where state in ('quoted', 'revised') and valid_until between ? and ? " \
               f"and fabricator_id = ({SHOP})"  # fmt: skip
        states = ", ".join(f"'{state}'" for state in COLUMNS)
        return {
            "Board": self.sql(f"select count(*) {OWN} and b.state in ({states})"),
            "Inbox": self._unread(),
            "Weeks": self.sql(due, str(self.monday), str(self.monday + dt.timedelta(days=6))),
            "To buy": self.sql(f"select count(*) {OWN} and b.state = 'filled'"),
            "Machines": self.sql(
                f"select sum(count) from machine where status in ('busy', 'broken') and fabricator_id = ({SHOP})"
            ),
            "Money": self.sql(soon, str(self.today), str(self.today + dt.timedelta(days=7))),
            "Figures": 0,
        }

    def _threads(self) -> tuple[int, int]:
        requests = self.sql(f"select count(*) from quote where fabricator_id = ({SHOP})")
        queues = self.sql(f"select count(distinct b.id) {OWN} and b.last_number > 0")
        return requests, queues

    def _unread(self) -> int:
        """Nobody in this play opens a thread, which would leave a mark."""
        marks = "select count(*) from read_mark r join account a on a.id = r.account_id where a.handle = 'fred'"
        return int(sum(self._threads()) - self.sql(marks))

    def _inbox(self) -> None:
        self.go("/inbox")
        requests, queues = self._threads()
        words = self.sql("select count(distinct batch_id || '-' || buyer_id) from batch_message")
        shown = [first(text) for text in self.texts("#inbox-which .num")]
        assert shown == [requests + queues + words, self._unread(), requests, queues, words]
        assert len(self.texts("#mail-list .mail-item")) == requests + queues + words

    def _weeks(self) -> None:
        self.go("/weeks")
        shown = self.texts("#strip .weeks > li")
        capacity = self.sql(f"select capacity_hours_week from fabricator where id = ({SHOP})")
        assert len(shown) == 6 and capacity == 40
        for place, text in enumerate(shown):
            begins = self.monday + dt.timedelta(weeks=place)
            due = f"select count(*), sum(j.work_minutes) {PLANNED}"
            [(jobs, minutes)] = self.people.rows(
                f"{due} and b.state in {IN_WORK} and j.due_on between ? and ?",
                str(begins), str(begins + dt.timedelta(days=6)),
            )  # fmt: skip
            hours = f"{(minutes or 0) / 60:g}"
            assert f"{jobs} job" in text and f"{hours}\u202fh of {capacity}\u202fh" in text, (place, text)

    def _machines(self) -> None:
        self.go("/machines")
        shown = [int(number) for number in re.findall(r"\d+", self.texts(".dash-head p")[0])]
        count = f"select sum(count) from machine where status = ? and fabricator_id = ({SHOP})"
        assert shown == [self.sql(count, status) for status in ("ready", "busy", "broken")]

    def _money(self) -> None:
        self.go("/money?all=1")
        rows = self.people.rows(
            f"select r.number, r.units, r.units * {PRICE}, {PAID} from reservation r join batch b on b.id = r.batch_id "
            f"join batch_maker m on m.batch_id = b.id where m.fabricator_id = ({SHOP}) and m.leads "
            "and r.state = 'confirmed' and b.state not in ('draft', 'open', 'cancelled', 'released') order by r.number"
        )
        agreed, paid = sum(row[2] for row in rows), sum(row[3] for row in rows)
        assert agreed > 0 and paid == 10_050
        assert minor(self.texts(".purse")[0]) == agreed - paid
        assert [minor(text) for text in self.texts(".purses dd")] == [agreed, paid]
        shown = sorted(
            [first(cells[2]), *(minor(cell) for cell in cells[3:])]
            for cells in (row.split("\t") for row in self.texts("#money tbody tr"))
        )
        assert shown == sorted([units, owed, had, owed - had] for _, units, owed, had in rows)

    def _figures(self) -> None:
        self.go("/figures")
        rows = [row.split("\t") for row in self.texts("#figures-table tbody tr")]
        assert len(rows) == 12
        sums = [0, 0, 0, 0, 0]
        for place, cells in enumerate(rows):
            begins = self.monday - dt.timedelta(weeks=place)
            within = (f"{begins} 00:00:00", f"{begins + dt.timedelta(days=7)} 00:00:00")
            counts = f"from batch_count where fabricator_id = ({SHOP}) and at >= ? and at < ? and stage"
            handled = "in ('made', 'assembled', 'tested')"
            ended = (
                f"select count(*) {PLANNED} and exists "
                "(select 1 from batch_event e where e.batch_id = b.id and e.became = 'shipped' and e.at >= ? "
                "and e.at < ? and date(e.at) {} j.due_on)"
            )
            expected = [
                self.sql(f"select sum(good) {counts} = 'shipped'", *within),
                self.sql(ended.format("<="), *within),
                self.sql(ended.format(">"), *within),
                self.sql(f"select sum(good) {counts} {handled}", *within),
                self.sql(f"select sum(scrap) {counts} {handled}", *within),
            ]
            assert [int(cell) for cell in cells[1:]] == expected, cells
            sums = [was + more for was, more in zip(sums, expected, strict=True)]
        shipped, on_time, late, good, scrap = sums
        assert self.texts("#plots .plot .large") == [
            f"{shipped} units",
            f"{on_time} of {on_time + late}" if on_time + late else "none ended",
            f"{100 * good / (good + scrap):.0f} %" if good + scrap else "nothing counted",
        ]

    def _buy(self) -> None:
        """Its numbers are what the repository's own bom.csv says of one, times what is reserved."""
        self.go("/buy")
        reserved = self.sql(f"select sum(b.reserved) {OWN} and b.state = 'filled'")
        shown = self.texts("#buying tbody tr")
        if not reserved:
            assert shown == [] and "Nothing to buy" in self.texts("#buying")[0]
            return
        for name, each in (("Plate", 1), ("Wood screw 5 x 50", 2)):
            [cells] = [row.split("\t") for row in shown if name in row]
            assert str(each * reserved) in [cell.strip() for cell in cells], cells
        assert len(shown) == 2
        assert f"× {reserved}" in self.texts("#buying")[0]
