"""The fund's pages, JSON and commands, as its people use them."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from commons_support import later
from web_support import bearer, form_token, log_in, make_design, send, sign_up

from app import create_app
from registry.accounts import service as accounts
from registry.accounts.queries import find_account
from registry.cli import main
from registry.designs import service as designs
from registry.designs.schemas import Submission
from registry.stores.stores import Stores
from registry.values import utcnow


def test_by_page_json_and_command(sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(stores=sqlite_stores)
    ada, ben, anyone = (app.test_client() for _ in range(3))
    for client, handle in ((ada, "ada"), (ben, "ben")):
        assert sign_up(client, handle).status_code == 303
    with sqlite_stores.db.reading() as session:
        account = find_account(session, "ada")
        assert account is not None
    slug = designs.submit(sqlite_stores, account.id, Submission(url=str(make_design(tmp_path / "bench")))).slug
    page = f"/commons/{slug}"
    empty = anyone.get(page)
    assert empty.status_code == 200 and "Nothing in it yet" in empty.text and empty.text.count("<h1") == 1
    assert f'href="{page}"' in anyone.get(f"/designs/{slug}").text
    assert anyone.get("/commons/no-such-design").status_code == 404
    assert anyone.get(f"/commons/{slug}/proposals/1").status_code == 404
    today = str(utcnow().date())
    gift = {"amount": "80,00", "currency": "eur", "seen_on": today, "reference": "Statement <3>", "key": "g"}
    assert send(ben, f"{page}/gifts", **gift).status_code == 403
    wrong = send(ada, f"{page}/gifts", **(gift | {"amount": "lots"}))
    assert (
        wrong.status_code == 422 and "lots is no amount" in wrong.text and 'value="Statement &lt;3&gt;"' in wrong.text
    )
    for _ in range(2):
        assert send(ada, f"{page}/gifts", **gift).status_code == 303
    assert "80.00\u00a0EUR" in anyone.get(page).text and "Statement &lt;3&gt;" in anyone.get(page).text
    assert send(ada, f"{page}/share", share="30", why="More").status_code == 422
    assert send(ada, f"{page}/share", share="7,5", why="The certificate").status_code == 303
    assert send(ada, f"{page}/people", handle="ben", why="Drew the back").status_code == 303
    told = {"kind": "pay", "title": "Planks", "text": "Ash", "payee": "Sawmill", "amount": "50", "currency": "EUR",
            "days": "7", "things_only": "on", "key": "p"}  # fmt: skip
    refused = send(ben, f"{page}/proposals", **told)
    assert refused.status_code == 422 and ">Ash</textarea>" in refused.text, "no kind of pay; what was typed stays"
    made = send(ben, f"{page}/proposals", **(told | {"kind": "tools"}))
    assert made.status_code == 303
    assert send(ada, f"{made.location}/voices", stance="object", words="").status_code == 422
    assert send(ada, f"{made.location}/voices", stance="object", words="Too <thin>").status_code == 303
    shown = ben.get(made.location).text
    objection = re.search(r'name="objection" value="(\d+)"', shown)
    assert "Too &lt;thin&gt;" in shown and objection and "1 open objection" in shown
    assert (
        send(ben, f"{made.location}/voices", stance="answer", objection=objection[1], words="30 mm").status_code == 303
    )

    token = bearer(accounts.make_token_for(sqlite_stores, "ada", "test").secret)
    number = int(made.location.rpartition("/")[2])
    api = f"/api/v1/commons/{slug}/proposals/{number}"
    assert anyone.post(f"{api}/voices", json={"stance": "consent"}).status_code == 401
    said = anyone.post(f"{api}/voices", json={"stance": "consent"}, headers=token)
    assert said.status_code == 201 and said.json["consents"] == 1 and said.json["objections"] == 0
    assert anyone.post(f"{api}/voices", json={"stance": "consent"}, headers=token).status_code == 409
    fund = anyone.get(f"/api/v1/commons/{slug}").json
    assert fund["share_bp"] == 750 and fund["purses"][0]["held_minor"] == 50_00
    later(sqlite_stores, number, 8)
    assert anyone.get(api).json["state"] == "open", "whoever objected has three days after the answer"
    with sqlite_stores.db.transaction() as session:
        from sqlalchemy import text

        session.execute(text("DROP TRIGGER commons_voice_no_update"))
        session.execute(text("UPDATE commons_voice SET at = datetime('now', '-9 days')"))
    assert anyone.get(api).json["state"] == "agreed"
    form = {"action": "prove", "words": "Invoice 8", "amount": "49.90", "csrf_token": form_token(ben, made.location)}
    proof = ben.post(f"{made.location}/move", data=form | {"file": (io.BytesIO(b"%PDF-1.7\n"), "x.pdf")})
    assert proof.status_code == 303
    at = f"{made.location}/proofs/1"
    assert anyone.get(at).status_code == 401
    assert ada.get(at).headers["Content-Disposition"].startswith("attachment") and ada.get(at).data == b"%PDF-1.7\n"

    monkeypatch.setenv("BRICKYARD_DATA", str(sqlite_stores.settings.data))
    monkeypatch.delenv("BRICKYARD_DATABASE_URL", raising=False)
    run = CliRunner()

    def command(*words: str) -> str:
        done = run.invoke(main, ["commons", *words])
        assert done.exit_code == 0, done.output
        return done.output

    assert "80.00 EUR, of it held 50.00" in command("show", slug)
    assert "Gifts: 80.00" in command("show", slug)
    assert json.loads(command("show", slug, "--json"))["share_bp"] == 750
    assert (
        command("move", str(number), "pay", "--words", "Transfer", "--paid-on", today, "--as", "ada").strip() == "paid"
    )
    assert "paid  ada Transfer" in command("proposal", str(number))
    command("share", slug, "5", "--as", "ada", "--why", "Back")
    command("name", slug, "ben", "--remove", "--as", "ada", "--why", "Left")
    assert command("gift", slug, "1", "EUR", "--seen-on", today, "--reference", "S4", "--as", "ada").startswith(
        "Transfer"
    )
    wish = {"kind": "tools", "title": "Saw", "text": "A saw", "payee": "Shop", "currency": "EUR", "amount_minor": 100,
            "things_only": True, "key": "c"}  # fmt: skip
    (tmp_path / "wish.json").write_text(json.dumps(wish))
    second = command("propose", slug, str(tmp_path / "wish.json"), "--as", "ada").strip()
    assert run.invoke(main, ["commons", "say", second, "consent", "--as", "ben"]).exit_code != 0, "no longer named"
    assert command("move", second, "withdraw", "--words", "Lent one", "--as", "ada").strip() == "withdrawn"
    assert log_in(app.test_client(), "ben").status_code == 303
    after = anyone.get(page).text
    assert "30.10\u00a0EUR" not in after and "31.10\u00a0EUR" in after and "Undefined" not in after
