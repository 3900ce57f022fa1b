"""Mail through a real server: what goes out, what is refused, a server that is away, two workers at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from batch_support import Market, an_offer
from mail_support import Mailbox, certificate, mail_server
from notice_support import mails, notice_for
from sqlmodel import select

from registry.batches import quoting
from registry.notices import mail_rules, outbox, queries, rules, service
from registry.notices.collecting import collect
from registry.notices.mailing import ServerAway, connection
from registry.notices.tables import MailAddress, Notice, NoticeChoice, NoticeMail
from registry.settings import SmtpServer
from registry.values import utcnow

Confirm = Callable[..., None]


def test_a_notice_goes_out_once_and_says_what_happened(sqlite_market: Market, box: Mailbox, confirmed: Confirm) -> None:
    market = sqlite_market
    confirmed(market, "ada", "otto")
    request = market.ask("ada", "north")
    service.keep(market.stores)
    service._sender.wait(10)
    [mail] = box.mails
    assert mail["To"] == "otto@example.org" and mail["From"] == "Brickyard <notices@example.org>"
    assert mail["Subject"] == "ada asks North for a quote on Thing main"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == "<https://hw.example.org/notices/stop/stop-otto/requests>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<notice-\d+@hw\.example\.org>", mail["Message-ID"])
    assert mail.get_content_type() == "text/plain" and mail.get_content_charset() == "utf-8"
    body = mail.get_content().replace("\r\n", "\n")
    assert body.startswith("Hello otto,\n\nada asks North for a quote on Thing main.\nQuantities: 10, 50.")
    assert body.count("https://hw.example.org/quotes/") == 1 and "\n-- \n" in body
    assert all(byte < 128 for byte in box.raw[0]), "seven bits are enough for every server on the way"
    quote = request  # the first of each
    quoting.offer(market.stores, market.people["olga"], quote, an_offer())
    service.keep(market.stores)
    service._sender.wait(10)
    assert [one["To"] for one in box.mails] == ["otto@example.org", "ada@example.org"]
    assert service.send_now(market.stores).sent == 0 and len(box.mails) == 2


def test_two_workers_send_each_mail_once(market: Market, box: Mailbox, confirmed: Confirm) -> None:
    confirmed(market, "olga", "otto", "sam")
    for _ in range(8):
        market.ask("ada", "north", "south")
    collect(market.stores)
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        outbox.send_due(market.stores)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(box.mails) == 24 and set(Counter(one["Message-ID"] for one in box.mails).values()) == {1}
    assert Counter(mails(market.stores).values()) == {"sent": 24}


def test_a_server_that_is_down_and_comes_back(market: Market, confirmed: Confirm) -> None:
    confirmed(market, "olga", "otto")
    gone = Mailbox()
    with mail_server(gone):
        pass  # now its port is known, and nobody listens there
    stores = dataclasses.replace(
        market.stores, settings=dataclasses.replace(market.stores.settings, smtp=gone.server())
    )
    market.ask("ada", "north")
    collect(stores)
    done = outbox.send_due(stores)
    assert (done.sent, done.later) == (0, 1) and "can't be used" in done.fault
    assert set(mails(stores).values()) == {"waiting"} and not outbox.is_due(stores), "all of them wait"
    with stores.db.reading() as session:
        tried, other = sorted(session.exec(select(NoticeMail)).all(), key=lambda row: -row.tries)
        assert tried.tries == 1 and other.tries == 0 and other.due_at >= tried.due_at
        assert "Connection refused" in queries.read_outbox(session, stores.settings).items[-1].fault + tried.fault
    with mail_server(gone):
        assert service.send_now(stores).sent == 2
    assert sorted(one["To"] for one in gone.mails) == ["olga@example.org", "otto@example.org"]


def test_a_server_that_goes_away_half_way(sqlite_market: Market, confirmed: Confirm, box: Mailbox) -> None:
    market = sqlite_market
    confirmed(market, "olga", "otto")
    market.ask("ada", "north")
    collect(market.stores)
    box.break_off_at = "RCPT"
    assert outbox.send_due(market.stores).later == 1
    assert set(mails(market.stores).values()) == {"waiting"} and box.raw == [], "nothing was handed over: it is safe"
    box.break_off_at = "end of data"
    done = service.send_now(market.stores)
    assert Counter(mails(market.stores).values())["unclear"] >= 1 and done.failed >= 1
    box.break_off_at = ""
    taken = len(box.raw)
    service.send_now(market.stores)
    assert set(mails(market.stores).values()) <= {"unclear", "sent"}
    assert len({one["Message-ID"] for one in box.mails}) == len(box.mails) >= taken, "none went out twice"
    service.send_now(market.stores, failed=True)
    assert set(mails(market.stores).values()) == {"sent"}, "a steward may say: send them all the same"


def test_refused_mail_is_kept_and_shown(sqlite_market: Market, confirmed: Confirm, box: Mailbox) -> None:
    market = sqlite_market
    confirmed(market, "olga", "otto", "ada")
    box.refuse = {"olga@example.org": "550 no such user", "otto@example.org": "451 come back later"}
    market.ask("ada", "north")
    collect(market.stores)
    done = outbox.send_due(market.stores)
    assert (done.sent, done.failed, done.later) == (0, 1, 1)
    with market.stores.db.reading() as session:
        found = queries.read_outbox(session, market.stores.settings)
        assert found.counts["failed"] == 1 and found.counts["waiting"] == 1
        olga = next(item for item in found.items if item.handle == "olga")
        assert olga.state == "failed" and "550 no such user" in olga.fault
        address = session.get_one(MailAddress, market.people["olga"])
        assert "550 no such user" in address.fault, "she is shown it, too"
        otto = session.exec(select(NoticeMail).where(NoticeMail.account_id == market.people["otto"])).one()
        assert otto.due_at > utcnow() and otto.tries == 1
    box.refuse = {}
    service.try_again(market.stores, olga.id)
    assert service.send_now(market.stores).sent == 2
    with market.stores.db.reading() as session:
        assert session.get_one(MailAddress, market.people["olga"]).fault == ""


def test_waiting_ends_after_days(sqlite_market: Market, confirmed: Confirm, box: Mailbox) -> None:
    market = sqlite_market
    confirmed(market, "otto")
    box.refuse = {"otto@example.org": "451 come back later"}
    market.ask("ada", "north")
    collect(market.stores)
    with market.stores.db.transaction() as session:
        for row in session.exec(select(NoticeMail)).all():
            row.created_at -= dt.timedelta(days=3)
    outbox.send_due(market.stores)
    assert set(mails(market.stores).values()) == {"failed"}
    assert [mail_rules.pause_s(tries) for tries in (1, 2, 3, 12, 400)] == [30, 60, 120, 14400, 14400]


def test_a_mail_whose_sender_died_is_not_sent_again(market: Market, confirmed: Confirm, box: Mailbox) -> None:
    confirmed(market, "otto")
    market.ask("ada", "north")
    collect(market.stores)
    assert outbox._claim(market.stores) is not None  # and then the process ends
    assert outbox.send_due(market.stores).sent == 0, "it may be on its way"
    with market.stores.db.transaction() as session:
        for row in session.exec(select(NoticeMail)).all():
            row.lease_until = utcnow() - dt.timedelta(seconds=1)
    assert outbox.is_due(market.stores)
    assert outbox.send_due(market.stores).sent == 0 and box.raw == []
    assert set(mails(market.stores).values()) == {"unclear"}


def test_a_slow_server_does_not_hold_up_the_worker(sqlite_market: Market, confirmed: Confirm, box: Mailbox) -> None:
    market = sqlite_market
    confirmed(market, "otto")
    box.hold = threading.Event()
    market.ask("ada", "north")
    began = utcnow()
    for _ in range(3):
        service.keep(market.stores)
    assert (utcnow() - began).total_seconds() < 3
    while not box.raw and (utcnow() - began).total_seconds() < 8:
        pass
    assert set(mails(market.stores).values()) == {"sending"}
    box.hold.set()
    service._sender.wait(10)
    assert set(mails(market.stores).values()) == {"sent"} and len(box.raw) == 1


EVIL = "Board\r\nBcc: all@example.org\n\nBuy \u202estones\u2028now\x00"


def test_names_can_write_no_header(sqlite_market: Market, confirmed: Confirm, box: Mailbox) -> None:
    """Whatever a design, a workshop or a message is called, the mail has the fields that we gave it."""
    market = sqlite_market
    confirmed(market, "ada")
    notice_for(market, "ada", title=EVIL * 8, text=EVIL)
    outbox.send_due(market.stores)
    [mail] = box.mails
    assert set(mail.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post",
        "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip
    assert mail["Subject"].startswith("Board Bcc: all@example.org Buy stones now") and len(mail["Subject"]) <= 160
    assert [said for said in box.said if said.upper().startswith("RCPT")] == ["rcpt TO:<ada@example.org>"]
    for name in ("x\ny@example.org", "x@example.org\r\nBcc: y@example.org", "a b@c", "<x@y>", "x@y, z@w", "", "x@",
                 "@y", "x@-y.org", "x..y@example.org", "é@example.org", "a@" + "b" * 300):  # fmt: skip
        with pytest.raises(mail_rules.Invalid):
            mail_rules.check_address(name)
    assert mail_rules.check_address(" ada@bücher.example ") == "ada@xn--bcher-kva.example"
    assert rules.line("a\tb\u2029c\x85d") == "a b c d"


def test_lines_that_begin_with_a_dot_arrive_whole(sqlite_market: Market, confirmed: Confirm, box: Mailbox) -> None:
    market = sqlite_market
    confirmed(market, "ada")
    notice_for(market, "ada", title="Dots", text=".\n..\n.QUIT é\n" + "long " * 400)
    outbox.send_due(market.stores)
    body = box.mails[0].get_content().replace("\r\n", "\n")
    assert "\n.\n..\n.QUIT é\nlong long" in body and max(map(len, box.raw[0].split(b"\r\n"))) <= 78


def test_the_day_comes_in_one_mail(sqlite_market: Market, confirmed: Confirm, box: Mailbox) -> None:
    market = sqlite_market
    confirmed(market, "otto")
    service.choose(market.stores, market.people["otto"], {"requests": "daily", "messages": "none"})
    for _ in range(3):
        market.ask("ada", "north")
    collect(market.stores)
    assert outbox.send_due(market.stores).sent == 0
    with market.stores.db.transaction() as session:
        row = session.exec(select(NoticeMail)).one()
        assert row.form == "digest" and row.due_at.hour == 6 and row.due_at > utcnow()
        row.due_at = utcnow() - dt.timedelta(seconds=1)
        read = session.exec(select(Notice).where(Notice.account_id == market.people["otto"])).first()
        assert read is not None
        read.read_at = utcnow()
    outbox.send_due(market.stores)
    [mail] = box.mails
    assert mail["Subject"] == "2 notices: ada asks North for a quote on Thing main", "what was read is left out"
    assert mail.get_content().count("https://hw.example.org/quotes/") == 2
    assert mail["List-Unsubscribe"].endswith("/daily>")
    assert mail_rules.next_digest(dt.datetime(2026, 2, 28, 6, 0, tzinfo=dt.UTC))[0] == dt.date(2026, 3, 1)
    assert mail_rules.next_digest(dt.datetime(2026, 2, 28, 5, 59, tzinfo=dt.UTC))[0] == dt.date(2026, 2, 28)


def test_who_has_chosen_none_gets_none(sqlite_market: Market, confirmed: Confirm, box: Mailbox) -> None:
    market = sqlite_market
    confirmed(market, "otto")
    service.choose(market.stores, market.people["otto"], {"requests": "none"})
    market.ask("ada", "north")
    collect(market.stores)
    assert mails(market.stores) == {} and outbox.send_due(market.stores).sent == 0
    service.choose(market.stores, market.people["otto"], {"requests": "each"})
    market.ask("ada", "north")
    collect(market.stores)
    with market.stores.db.transaction() as session:  # chosen after the mail was made, before it was sent
        session.merge(NoticeChoice(account_id=market.people["otto"], kind="requests", how="none"))
    outbox.send_due(market.stores)
    assert set(mails(market.stores).values()) == {"dropped"} and box.raw == []


def test_password_and_encryption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """smtps from the first byte, STARTTLS where it is offered, no password in the clear, no stranger's certificate."""
    context, trusted = certificate(tmp_path, "localhost")
    box = Mailbox(password="brick")
    with mail_server(box, tls=context, implicit=True):
        server = box.server(host="localhost", tls=True, user="brickyard", password="brick")
        with pytest.raises(ServerAway, match="certificate"), connection(server):
            pass
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        with connection(server):
            assert box.logged_in == 1
        wrong = dataclasses.replace(server, password="stone")
        with pytest.raises(ServerAway, match="does not accept the user or the password") as caught, connection(wrong):
            pass
        assert "stone" not in str(caught.value) and "stone" not in repr(wrong)
    context, trusted = certificate(tmp_path, "127.1")  # this machine, by a name that is not taken for it
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    box = Mailbox(password="brick")
    with mail_server(box, tls=context):
        with connection(SmtpServer("127.1", box.port, False, "brickyard", "brick")):
            pass
        assert box.logged_in == 1 and "STARTTLS" in box.said[1]
    bare = Mailbox(password="brick")
    with mail_server(bare):
        with (
            pytest.raises(ServerAway, match="no encryption"),
            connection(SmtpServer("127.1", bare.port, False, "brickyard", "brick")),
        ):
            pass
        assert not any(said.startswith("AUTH") for said in bare.said)
