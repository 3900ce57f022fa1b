"""Bank statements as banks write them, in three forms, from one list of bookings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.sax.saxutils import escape

IBAN = "DE89370400440532013000"
PAYER = "NL91ABNA0417164300"
DAY = dt.date(2026, 11, 3)
EXPONENTS = {"JPY": 0, "KWD": 3}


@dataclass(frozen=True)
class Booked:
    """A booking; `amount` in the smallest unit."""

    amount: int
    text: str = ""
    name: str = "Zoë Müller"
    iban: str = PAYER
    day: dt.date = DAY
    ref: str = ""
    e2e: str = ""
    structured: str = ""
    returned: str = ""


def digits(minor: int, currency: str = "EUR", decimal: str = ".") -> str:
    return f"{Decimal(minor).scaleb(-EXPONENTS.get(currency, 2)):f}".replace(".", decimal)


def _balance(code: str, minor: int, currency: str, day: dt.date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='{currency}'>{digits(abs(minor), currency)}"
        f"</Amt><CdtDbtInd>{'DBIT' if minor < 0 else 'CRDT'}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(one: Booked, currency: str) -> str:
    came = one.amount > 0
    other = "Dbtr" if came != bool(one.returned) else "Cdtr"
    tag = lambda name, text: f"<{name}>{escape(text)}</{name}>" if text else ""  # noqa: E731
    return (
        f"<Ntry><Amt Ccy='{currency}'>{digits(abs(one.amount), currency)}</Amt>"
        f"<CdtDbtInd>{'CRDT' if came else 'DBIT'}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{one.day}</Dt></BookgDt><ValDt><Dt>{one.day}</Dt></ValDt>{tag('AcctSvcrRef', one.ref)}"
        f"<NtryDtls><TxDtls><Refs>{tag('EndToEndId', one.e2e)}</Refs>"
        f"<RltdPties><{other}><Pty>{tag('Nm', one.name)}</Pty></{other}>"
        f"<{other}Acct><Id>{tag('IBAN', one.iban)}</Id></{other}Acct></RltdPties>"
        f"<RmtInf>{tag('Ustrd', one.text)}"
        + (f"<Strd><CdtrRefInf><Ref>{escape(one.structured)}</Ref></CdtrRefInf></Strd>" if one.structured else "")
        + "</RmtInf>"
        + (f"<RtrInf><Rsn><Cd>{one.returned}</Cd></Rsn></RtrInf>" if one.returned else "")
        + "</TxDtls></NtryDtls></Ntry>"
    )


def camt(
    lines: Sequence[Booked], opening: int = 0, *, iban: str = IBAN, currency: str = "EUR", closing: int | None = None,
    day: dt.date | None = None,
) -> bytes:  # fmt: skip
    end = opening + sum(one.amount for one in lines) if closing is None else closing
    last = day or max((one.day for one in lines), default=DAY)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId></GrpHdr><Stmt><Id>S1</Id><Acct><Id><IBAN>{iban}</IBAN></Id>"
        f"<Ccy>{currency}</Ccy></Acct>{_balance('OPBD', opening, currency, last)}"
        f"{_balance('CLBD', end, currency, last)}{''.join(_entry(one, currency) for one in lines)}"
        "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def mt940(
    lines: Sequence[Booked], opening: int = 0, *, account: str = "37040044/0532013000", currency: str = "EUR",
    closing: int | None = None,
) -> bytes:  # fmt: skip
    end = opening + sum(one.amount for one in lines) if closing is None else closing
    last = max((one.day for one in lines), default=DAY)

    def balance(tag: str, minor: int) -> str:
        amount = digits(abs(minor), currency, ",")
        mark = "D" if minor < 0 else "C"
        return f":{tag}:{mark}{last:%y%m%d}{currency}{amount if ',' in amount else amount + ','}"

    told = [":20:STARTUMS", f":25:{account}", ":28C:1/1", balance("60F", opening)]
    for one in lines:
        amount = digits(abs(one.amount), currency, ",")
        amount = f"{'C' if one.amount > 0 else 'D'}{amount if ',' in amount else amount + ','}"
        told.append(f":61:{one.day:%y%m%d%m%d}{amount}NTRF{one.e2e or 'NONREF'}//{one.ref or 'NONREF'}")
        told.append(f":86:166?00TRANSFER?20{one.text[:27]}?21{one.text[27:54]}?31{one.iban}?32{one.name}")
    told.append(balance("62F", end))
    return ("\r\n".join(told) + "\r\n-\r\n").encode()


def table(lines: Sequence[Booked], opening: int = 0, currency: str = "EUR") -> bytes:
    """As German banks export it: titles after two lines of other things, newest first, in cp1252."""
    rows, running = [], opening
    for one in lines:
        running += one.amount
        cells = (f"{one.day:%d.%m.%Y}", digits(one.amount, currency, ","), one.name, one.iban, one.text, one.ref,
                 digits(running, currency, ","), currency)  # fmt: skip
        rows.append(";".join('"' + cell.replace('"', '""') + '"' for cell in cells))
    head = ["Umsätze", "", "Buchungstag;Betrag;Name;IBAN;Verwendungszweck;Referenz;Saldo;Währung"]
    return ("\r\n".join(head + rows[::-1]) + "\r\n").encode("cp1252", "replace")


MAPPING = {
    "encoding": "cp1252", "delimiter": ";", "skip_rows": 2, "date_form": "DD.MM.YYYY", "decimal": ",",
    "booked_on": "Buchungstag", "amount": "Betrag", "name": "Name", "iban": "IBAN", "text": "Verwendungszweck",
    "reference": "Referenz", "balance": "Saldo", "currency": "Währung",
}  # fmt: skip
