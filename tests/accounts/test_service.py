"""Use cases of accounts, on both databases."""

from __future__ import annotations

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from sqlmodel import select

from registry import limits
from registry.accounts import queries, service
from registry.accounts.tables import Account, LoginSession, Token
from registry.errors import Conflict, Invalid, NotFound, RegistryError
from registry.stores.stores import Stores
from registry.values import utcnow

PASSWORD = "clay lime and straw"
OTHER = "sand water and patience"


def who(stores: Stores, secret: str) -> str | None:
    with stores.db.reading() as session:
        found = queries.account_of_session(session, secret)
    return found.handle if found else None


def test_the_first_account_is_the_steward_and_others_are_not(stores: Stores) -> None:
    assert service.sign_up(stores, "ada", PASSWORD).is_steward
    assert not service.sign_up(stores, "grace", PASSWORD).is_steward
    assert service.sign_up(stores, "hedy", PASSWORD, steward=True).is_steward


def test_sign_ups_at_once_make_one_steward(stores: Stores) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: service.sign_up(stores, f"maker-{number}", PASSWORD), range(8)))
    assert sum(account.is_steward for account in made) == 1
    with stores.db.reading() as session:
        assert [account.is_steward for account in queries.list_accounts(session)].count(True) == 1


def test_one_handle_wanted_at_once_is_given_once(stores: Stores) -> None:
    def wish(_: int) -> str:
        try:
            service.sign_up(stores, "ada", PASSWORD)
        except Conflict as error:
            assert error.field == "handle"
            return "refused"
        return "given"

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(wish, range(6))) == ["given"] + ["refused"] * 5


def test_only_the_right_password_logs_in(stores: Stores) -> None:
    service.sign_up(stores, "ada", PASSWORD, "ada@example.org")
    assert who(stores, service.log_in(stores, " Ada ", PASSWORD).secret) == "ada"
    said = set()
    for handle, password in (
        ("ada", OTHER),
        ("ada", ""),
        ("nobody-here", PASSWORD),
        ("", ""),
        ("a\x00b", "x"),
        ("ada", "x" * 999),
    ):
        with pytest.raises(Invalid) as caught:
            service.log_in(stores, handle, password)
        said.add(str(caught.value))
    assert len(said) == 1, "the answer tells whether an account is there"


def test_an_unknown_handle_takes_as_long_as_a_wrong_password(stores: Stores) -> None:
    service.sign_up(stores, "ada", PASSWORD)

    def quickest(handle: str) -> float:
        times = []
        for _ in range(5):
            start = time.process_time()  # a busy machine must not tell handles apart, nor fail this
            with pytest.raises(Invalid):
                service.log_in(stores, handle, OTHER)
            times.append(time.process_time() - start)
        return min(times)

    quickest("nobody-here")  # its hash is made on first use
    assert 0.5 < quickest("nobody-here") / quickest("ada") < 2


def test_secrets_are_kept_as_hashes_alone(stores: Stores) -> None:
    account = service.sign_up(stores, "ada", PASSWORD)
    login = service.log_in(stores, "ada", PASSWORD).secret
    token = service.make_token(stores, account.id, "script").secret
    reset = service.issue_reset(stores, "ada").path.rpartition("/")[2]
    with stores.db.reading() as session:
        rows = [
            repr(row.model_dump()) for table in (Account, LoginSession, Token) for row in session.exec(select(table))
        ]
    text = "\n".join(rows)
    assert "$argon2id$" in text
    for secret in (PASSWORD, login, token, token.removeprefix(service.TOKEN_PREFIX), reset):
        assert secret not in text


def test_sessions_end_by_log_out_time_and_the_next_log_in(stores: Stores) -> None:
    service.sign_up(stores, "ada", PASSWORD)
    first = service.log_in(stores, "ada", PASSWORD).secret
    second = service.log_in(stores, "ada", PASSWORD, old_secret=first).secret
    assert (who(stores, first), who(stores, second)) == (None, "ada")
    service.log_out(stores, second)
    service.log_out(stores, second)
    assert who(stores, second) is None
    third = service.log_in(stores, "ada", PASSWORD).secret
    with stores.db.transaction() as session:
        row = session.get_one(LoginSession, queries.hash_of(third))
        assert (
            dt.timedelta(days=limits.SESSION_DAYS - 1)
            < row.expires_at - utcnow()
            <= dt.timedelta(days=limits.SESSION_DAYS)
        )
        row.expires_at = utcnow() - dt.timedelta(seconds=1)
        session.add(row)
    assert who(stores, third) is None
    service.log_in(stores, "ada", PASSWORD)
    with stores.db.reading() as session:
        assert session.get(LoginSession, queries.hash_of(third)) is None, "what has expired is swept away"


def test_a_new_password_ends_every_session(stores: Stores) -> None:
    account = service.sign_up(stores, "ada", PASSWORD)
    service.sign_up(stores, "grace", PASSWORD)
    mine = [service.log_in(stores, "ada", PASSWORD).secret for _ in range(3)]
    hers = service.log_in(stores, "grace", PASSWORD).secret
    link = service.issue_reset(stores, "ada").path.rpartition("/")[2]
    with pytest.raises(Invalid):
        service.change_password(stores, account.id, OTHER, OTHER)
    with pytest.raises(Invalid):
        service.change_password(stores, account.id, PASSWORD, "short")
    assert who(stores, mine[0]) == "ada"
    service.change_password(stores, account.id, PASSWORD, OTHER)
    assert [who(stores, secret) for secret in (*mine, hers)] == [None, None, None, "grace"]
    with pytest.raises(Invalid):
        service.log_in(stores, "ada", PASSWORD)
    assert service.log_in(stores, "ada", OTHER)
    with pytest.raises(NotFound):
        service.check_reset(stores, link)


def test_a_reset_link_works_once_and_for_a_day(stores: Stores) -> None:
    service.sign_up(stores, "ada", PASSWORD)
    login = service.log_in(stores, "ada", PASSWORD).secret
    older = service.issue_reset(stores, "ada").path.rpartition("/")[2]
    link = service.issue_reset(stores, "ada").path.rpartition("/")[2]
    with pytest.raises(NotFound):
        service.reset_password(stores, older, OTHER)
    with pytest.raises(Invalid):
        service.reset_password(stores, link, "ada")
    assert service.check_reset(stores, link) == "ada", "a password that is refused does not spend the link"

    def spend(password: str) -> bool:
        try:
            service.reset_password(stores, link, password)
        except RegistryError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(spend, [f"{OTHER} {number}" for number in range(4)])) == 1
    assert who(stores, login) is None
    late = service.issue_reset(stores, "ada").path.rpartition("/")[2]
    with stores.db.transaction() as session:
        row = session.exec(select(Token).where(Token.secret_hash == queries.hash_of(late))).one()
        row.expires_at = utcnow() - dt.timedelta(seconds=1)
        session.add(row)
    with pytest.raises(NotFound):
        service.reset_password(stores, late, OTHER)
    with pytest.raises(NotFound):
        service.issue_reset(stores, "nobody-here")


def test_kinds_of_secrets_do_not_stand_in_for_each_other(stores: Stores) -> None:
    account = service.sign_up(stores, "ada", PASSWORD)
    link = service.issue_reset(stores, "ada").path.rpartition("/")[2]
    token = service.make_token(stores, account.id, "script").secret
    with pytest.raises(NotFound):
        service.reset_password(stores, token, OTHER)
    with stores.db.reading() as session:
        assert queries.account_of_token(session, link) is None
        assert queries.account_of_session(session, token) is None


def test_tokens_are_made_used_and_revoked(stores: Stores) -> None:
    ada, grace = (service.sign_up(stores, name, PASSWORD) for name in ("ada", "grace"))
    secret = service.make_token(stores, ada.id, "  release   script ").secret
    with stores.db.reading() as session:
        (token,) = queries.list_tokens(session, ada.id)
        assert (token.name, token.used_at) == ("release script", None)
        found = queries.account_of_token(session, secret)
        assert found and found[0].handle == "ada"
    service.note_use(stores, secret)
    with stores.db.reading() as session:
        used = queries.list_tokens(session, ada.id)[0].used_at
    assert used and abs(utcnow() - used) < dt.timedelta(minutes=1)
    with pytest.raises(NotFound):
        service.revoke_token(stores, grace.id, token.id)
    service.revoke_token(stores, ada.id, token.id)
    with stores.db.reading() as session:
        assert queries.account_of_token(session, secret) is None
    with pytest.raises(NotFound):
        service.revoke_token(stores, ada.id, token.id)


def test_tokens_are_bounded_even_when_wanted_at_once(stores: Stores) -> None:
    account = service.sign_up(stores, "ada", PASSWORD)
    for number in range(limits.API_TOKENS_PER_ACCOUNT - 1):
        service.make_token(stores, account.id, f"token {number}")

    def wish(_: int) -> bool:
        try:
            service.make_token(stores, account.id, "one more")
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(wish, range(4))) == 1
    for name in ("", " ", "x" * 200, "a\x00b"):
        with pytest.raises(Invalid):
            service.make_token(stores, account.id, name)


def test_an_old_hash_is_made_anew_at_log_in(stores: Stores) -> None:
    service.sign_up(stores, "ada", PASSWORD)
    with stores.db.transaction() as session:
        row = session.exec(select(Account)).one()
        row.password_hash = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
        session.add(row)
    service.log_in(stores, "ada", PASSWORD)
    with stores.db.reading() as session:
        assert "m=8192" not in session.exec(select(Account)).one().password_hash
    assert service.log_in(stores, "ada", PASSWORD)
