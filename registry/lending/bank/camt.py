"""Statements of ISO 20022 (camt.053, any version), read without document types and entities."""

from __future__ import annotations

import datetime as dt
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from registry import limits
from registry.errors import Invalid, TooLarge
from registry.lending.bank.schemas import BankLine, BankStatement
from registry.lending.bank.values import check_count, day_of, known_iban, minor_of, reference, words

_NOT_BOOKED = ("PDNG", "INFO", "FUTR")


class _Node:
    """An element whose paths need no namespace."""

    def __init__(self, element: Element, space: str) -> None:
        self.element, self.space = element, space

    def _path(self, path: str) -> str:
        return "/".join(f"{self.space}{part}" for part in path.split("/"))

    def all(self, path: str) -> list[_Node]:
        return [_Node(found, self.space) for found in self.element.findall(self._path(path))]

    def text(self, *paths: str) -> str:
        """The text at the first of the paths that has one."""
        for path in paths:
            found = (self.element.findtext(self._path(path)) or "").strip()
            if found:
                return found
        return ""

    def first(self, *paths: str) -> _Node | None:
        for path in paths:
            found = self.element.find(self._path(path))
            if found is not None:
                return _Node(found, self.space)
        return None


def read(content: bytes) -> list[BankStatement]:
    """The statements of a file. Raises: Invalid, TooLarge."""
    try:
        root = ElementTree.fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise Invalid("The file brings a document type or entities of its own: no bank's statement does.",
                      "Take it from the bank again.", field="file") from error  # fmt: skip
    except (ParseError, ValueError, LookupError) as error:
        raise Invalid(f"The file is no XML that can be read: {words(str(error), 120)}.",
                      "Take it from the bank again.", field="file") from error  # fmt: skip
    space = root.tag[: root.tag.find("}") + 1]
    if "camt.053" not in space:
        raise Invalid("The file is XML, and no statement in the form camt.053.", "Ask the bank for camt.053.",
                      field="file")  # fmt: skip
    found = _Node(root, space).all("BkToCstmrStmt/Stmt")
    if not found:
        raise Invalid("The file holds no statement.", "Ask the bank for camt.053.", field="file")
    if len(found) > limits.STATEMENTS_PER_FILE:
        raise TooLarge(f"The file holds more than {limits.STATEMENTS_PER_FILE} statements.", "Split it.", field="file")
    return [_statement(each) for each in found]


def _statement(node: _Node) -> BankStatement:
    number = words(node.text("LglSeqNb", "ElctrncSeqNb", "Id"), 60)
    where = f"Statement {number}" if number else "The statement"
    balances: dict[str, tuple[int, dt.date, str]] = {}
    for each in node.all("Bal"):
        code = each.text("Tp/CdOrPrtry/Cd")
        amount = each.first("Amt")
        if amount is not None and code in ("OPBD", "PRCD", "CLBD"):
            currency = amount.element.get("Ccy", "")
            value = _signed(amount, each.text("CdtDbtInd"), currency, f"{where}, balance {code}")
            day = day_of(each.text("Dt/Dt", "Dt/DtTm"), f"{where}, balance {code}")
            if code != "CLBD":
                balances.setdefault(code, (value, day, currency))
            else:
                balances[code] = (value, day, currency)
    opening, closing = balances.get("OPBD") or balances.get("PRCD"), balances.get("CLBD")
    if not opening or not closing:
        raise Invalid(f"{where} lacks its opening or closing balance.", "Ask the bank for the whole day's statement.",
                      field="file")  # fmt: skip
    currency = node.text("Acct/Ccy") or closing[2]
    lines: list[BankLine] = []
    findings: list[str] = []
    for entry in node.all("Ntry"):
        if entry.text("Sts/Cd", "Sts") in _NOT_BOOKED:
            findings.append(f"{where}: a booking that is not final yet was left out; it will come with a later file.")
            continue
        lines += _lines(entry, currency, f"{where}, booking {len(lines) + 1}")
        check_count(lines)
    if opening[2] != currency or closing[2] != currency:
        raise Invalid(f"{where} has balances in another currency.", "Ask the bank for it anew.", field="file")
    silent = [line for line in lines if not line.amount_minor]
    if silent:
        findings.append(f"{where}: bookings of 0 were left out: {len(silent)}. They move nothing.")
    days = [line.booked_on for line in lines] + [closing[1]]
    return BankStatement(
        form="camt.053", account=words(node.text("Acct/Id/IBAN", "Acct/Id/Othr/Id"), 60), currency=currency,
        number=number, opening_minor=opening[0], closing_minor=closing[0], since=min(days), until=max(days),
        lines=[line for line in lines if line.amount_minor], findings=list(dict.fromkeys(findings)),
    )  # fmt: skip


def _signed(amount: _Node, direction: str, currency: str, where: str) -> int:
    if amount.element.get("Ccy", "") != currency:
        raise Invalid(f"{where} is in {words(amount.element.get('Ccy', ''), 12) or 'no currency'}, not in {currency}.",
                      "Nothing of the file was taken.", field="file")  # fmt: skip
    text = (amount.element.text or "").strip()
    value = minor_of(text, currency, where)
    if direction not in ("CRDT", "DBIT") or value < 0 or text[:1] in "+-":
        raise Invalid(f"{where} does not say whether money came or went.", "Ask the bank for the file anew.",
                      field="file")  # fmt: skip
    return -value if direction == "DBIT" else value


def _lines(entry: _Node, currency: str, where: str) -> list[BankLine]:
    """A booking, or the payments that the bank has put together in it, if it tells the amount of each."""
    amount = entry.first("Amt")
    if amount is None:
        raise Invalid(f"{where} has no amount.", "Nothing of the file was taken.", field="file")
    whole = _signed(amount, entry.text("CdtDbtInd"), currency, where)
    details = entry.all("NtryDtls/TxDtls")
    if len(details) > 1:
        check_count(len(details))
        parts = [_part(each, entry, currency, where) for each in details]
        if None not in parts and sum(part for part in parts if part is not None) == whole:
            return [_line(entry, each, part or 0, where) for each, part in zip(details, parts, strict=True)]
    return [_line(entry, details[0] if len(details) == 1 else None, whole, where)]


def _part(detail: _Node, entry: _Node, currency: str, where: str) -> int | None:
    amount = detail.first("Amt", "AmtDtls/TxAmt/Amt")
    if amount is None or amount.element.get("Ccy", currency) != currency:
        return None
    return _signed(amount, detail.text("CdtDbtInd") or entry.text("CdtDbtInd"), currency, where)


def _line(entry: _Node, detail: _Node | None, amount_minor: int, where: str) -> BankLine:
    told = detail or entry
    came = amount_minor > 0
    # Who is who follows the payment, not the booking: of a return, the payer is the account's owner.
    returned = told.first("RtrInf") is not None or entry.text("RvslInd") == "true"
    other = "Dbtr" if came != returned else "Cdtr"
    booked = day_of(entry.text("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"), f"{where}, its day")
    valued = entry.text("ValDt/Dt", "ValDt/DtTm")
    remittance = " ".join(each.element.text or "" for each in told.all("RmtInf/Ustrd"))
    text = remittance.strip() or told.text("AddtlTxInf")
    reason = told.text("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry")
    return BankLine(
        booked_on=booked, valued_on=day_of(valued, f"{where}, its value day") if valued else booked,
        amount_minor=amount_minor,
        bank_reference=reference(told.text("Refs/AcctSvcrRef") or entry.text("AcctSvcrRef", "NtryRef")),
        name=words(told.text(f"RltdPties/{other}/Nm", f"RltdPties/{other}/Pty/Nm"), 140),
        iban=known_iban(told.text(f"RltdPties/{other}Acct/Id/IBAN")),
        text=words(text or entry.text("AddtlNtryInf")),
        structured=words(told.text("RmtInf/Strd/CdtrRefInf/Ref"), 60),
        end_to_end=reference(told.text("Refs/EndToEndId")),
        return_code=words(reason, 20) or ("RETURN" if told.first("RtrInf") is not None else "REVERSAL" if returned
                                          else ""),
    )  # fmt: skip
