"""What becomes of notices when somebody deletes their account: nothing stays, and no mail leaves any more."""

from __future__ import annotations

from sqlmodel import Session, col, delete

from registry.accounts.deleting import on_delete
from registry.notices.tables import CalendarFeed, MailAddress, Notice, NoticeChoice, NoticeMail


def leave(session: Session, account_id: int) -> None:
    """Address, choices, calendars, notices and their mails go."""
    for table in (Notice, NoticeMail, NoticeChoice, CalendarFeed, MailAddress):
        session.execute(delete(table).where(col(table.account_id) == account_id))


on_delete(leave)
