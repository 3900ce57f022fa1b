"""Hostile repository addresses and hosts: rows 1 to 7 and 13 of what must never happen."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

import pytest
from git_support import commit, git, make_repo, served, settings

from registry.errors import Invalid, RegistryError, Unavailable
from registry.stores import git as store
from registry.stores.git_url import resolve

PUBLIC = "93.184.216.34"


@pytest.fixture
def no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `git` first in PATH that leaves a mark when it is started."""
    mark = tmp_path / "started"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return mark


def public(host: str, port: int) -> list[str]:
    return [PUBLIC]


@pytest.mark.parametrize(
    "text",
    [
        "ext::sh -c 'touch /tmp/x'",
        "ext::sh%20-c%20id",
        "fd::17",
        "transport::https://example.org/o/r",
        "file:///etc",
        "FILE:///etc",
        "/etc",
        "~/secrets",
        "../x",
        "ssh://git@example.org/o/r",
        "git://example.org/o/r",
        "git+ssh://example.org/o/r",
        "ftp://example.org/o/r",
        "git@github.com:o/r.git",
        "example.org:o/r.git",
        "-uhttps://example.org/o/r",
        "--upload-pack=touch /tmp/x",
        "https://-oProxyCommand=x/o/r",
        "https://example.org/-o/r",
        "https://example.org/--upload-pack=x",
        "http://github.com/o/r",
        "javascript:alert(1)",
        "https:github.com/o/r",
        "https:///o/r",
        "https://",
        "",
        "   ",
        "x" * 3000,
        "https://example.org/o/r;id",
        "https://example.org/o/r|id",
        "https://example.org/o/`id`",
        "https://example.org/o\\r",
        "https://example.org\\@127.0.0.1/o/r",
        "https://example.org/a/../../b",
        "https://example.org/a/%2e%2e/b",
        "https://example.org/a%00b",
        "https://example.org/a%0ab",
        "https://example.org/%ff%fe",
        "https://exa%6dple.org/o/r",
        "https://example.org:70000/o/r",
        "https://example.org:x/o/r",
        "https://[::1/o/r",
        "https://[v1.x]/o/r",
    ],
)
def test_other_transports_and_malformed_addresses_start_nothing(text: str, no_git: Path, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        store.check_url(text, settings(tmp_path, local=False), public)
    assert caught.value.status == 422
    assert caught.value.message.endswith(".") and caught.value.remedy
    assert not no_git.exists()


@pytest.mark.parametrize(
    "text",
    [
        "https://maker:hunter2@github.com/o/r",
        "https://hunter2@github.com/o/r",
        "https://:hunter2@github.com/o/r",
        "https://maker:hunter2@127.0.0.1/o/r",
        "ssh://maker:hunter2@example.org/o/r",
        "https://github.com/o/r\r\nX-Header: hunter2",
        "https://github.com/o/r\n",
        "\nhttps://github.com/o/r",
        "https://git\thub.com/o/hunter2",
        "https://github.com/o/r\0hunter2",
        "https://github.com/o/r\u2028hunter2",
        "https://github.com/o/\u202ehunter2",
    ],
)
def test_credentials_and_line_breaks_are_refused_and_never_repeated(
    text: str, no_git: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(Invalid) as caught:
        store.check_url(text, settings(tmp_path, local=False), public)
    said = f"{caught.value} {caught.value!r} {caplog.text} {capfd.readouterr()}"
    assert "hunter2" not in said and not no_git.exists()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.8.9.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "0x7f000001",
        "0x7f.0.0.1",
        "127.1",
        "127.0.1",
        "0",
        "1.2.3.4.5",
        "256.1.1.1",
        "127.0.0.1.",
        "１２７.0.0.1",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "[::1]",
        "[::]",
        "[fd00::1]",
        "[fe80::1]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[2002:7f00:1::]",
        "[64:ff9b::7f00:1]",
        "[fe80::1%25eth0]",
        "[2001:0:7f00:1::]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "db",
        "git.localhost",
        "printer.local",
        "metadata.google.internal",
        "nas.home.arpa",
    ],
)
def test_private_hosts_are_refused_in_every_spelling(host: str, no_git: Path, tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        store.check_url(f"https://{host}/o/r", settings(tmp_path, local=False), public)
    assert not no_git.exists()


@pytest.mark.parametrize(
    "addresses",
    [
        [PUBLIC, "10.0.0.5"],
        ["10.0.0.5", PUBLIC],
        [PUBLIC, "::1"],
        [PUBLIC, "fe80::1%2"],
        ["::ffff:192.168.0.1"],
        ["junk"],
    ],
)
def test_one_private_address_spoils_a_name(addresses: list[str], tmp_path: Path) -> None:
    def lookup(host: str, port: int) -> list[str]:
        return addresses

    with pytest.raises(Invalid, match="private network"):
        store.check_url("https://two-faced.example.org/o/r", settings(tmp_path, local=False), lookup)


def test_a_name_that_answers_differently_after_the_check_is_refused(tmp_path: Path) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    made = settings(tmp_path, local=False)

    def lookup(host: str, port: int) -> list[str]:
        return next(answers)

    url = store.check_url("https://rebound.example.org/o/r", made, lookup)
    with pytest.raises(Invalid, match="private network"):
        store.mirror(url, tmp_path / "m.git", made, lookup=lookup)
    assert not (tmp_path / "m.git").exists()


def test_git_connects_to_the_checked_address_whatever_the_resolver_says(tmp_path: Path) -> None:
    """The name does not exist at all, and only the pinned address can have answered."""
    make_repo(tmp_path / "srv" / "press", {"README.md": "# Press\n"})
    with served(tmp_path / "srv") as server:
        name = f"pinned.example.test:{server.port}"
        made = settings(tmp_path, local=False, hosts=(name,))

        def lookup(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        url = store.check_url(f"http://{name}/press/.git/", made, lookup)
        done = store.mirror(url, tmp_path / "m.git", made, lookup=lookup)
    assert done.default_branch == "main" and server.requests


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    make_repo(tmp_path / "inside" / "secret", {"README.md": "# Secret\n"})
    make_repo(tmp_path / "outside" / "press", {"README.md": "# Press\n"})
    with served(tmp_path / "inside") as inside, served(tmp_path / "outside") as outside:
        outside.rules["press"] = f"http://{inside.host}/secret"
        made = settings(tmp_path, local=False, hosts=(outside.host,))
        url = store.check_url(outside.url("press"), made)
        with pytest.raises(store.RepoMoved) as caught:
            store.mirror(url, tmp_path / "m.git", made)
    assert inside.requests == []
    assert caught.value.new_url == "" and str(inside.port) not in str(caught.value)
    assert not (tmp_path / "m.git").exists()


def test_a_renamed_repository_names_its_new_address(tmp_path: Path) -> None:
    make_repo(tmp_path / "srv" / "new-name", {"README.md": "# Press\n"})
    with served(tmp_path / "srv") as server:
        server.rules["old-name"] = server.url("new-name")
        made = settings(tmp_path, local=False, hosts=(server.host,))
        with pytest.raises(store.RepoMoved) as caught:
            store.mirror(store.check_url(server.url("old-name"), made), tmp_path / "m.git", made)
        assert caught.value.new_url == server.url("new-name")
        assert caught.value.new_url in caught.value.remedy
        assert all("new-name" not in request for request in server.requests)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_origin_that_turns_private_leaves_the_last_good_copy(status: int, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "srv" / "press", {"README.md": "# Press\n"})
    with served(tmp_path / "srv") as server:
        server.rules["press.git"] = "x"
        made = settings(tmp_path, local=False, hosts=(server.host,))
        url = store.check_url(server.url("press/.git/"), made)
        where = tmp_path / "m.git"
        first = store.mirror(url, where, made)
        commit(repo, {"more.txt": "x"})
        server.rules["press"] = status
        with pytest.raises(store.RepoGone) as caught:
            store.mirror(url, where, made)
    assert caught.value.status == 422 and caught.value.remedy
    assert store.find_commit(where) == first.head
    with store.GitTree(where, first.head) as tree:
        assert tree.read("README.md") == b"# Press\n"


def test_a_vanished_host_leaves_the_last_good_copy(tmp_path: Path) -> None:
    make_repo(tmp_path / "srv" / "press", {"README.md": "# Press\n"})
    with served(tmp_path / "srv") as server:
        made = settings(tmp_path, local=False, hosts=(server.host,))
        url = store.check_url(server.url("press/.git/"), made)
        first = store.mirror(url, tmp_path / "m.git", made)
    with pytest.raises(Unavailable):
        store.mirror(url, tmp_path / "m.git", made)
    assert store.find_commit(tmp_path / "m.git") == first.head


def test_a_name_that_is_nowhere_says_so(tmp_path: Path) -> None:
    def lookup(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    made = settings(tmp_path, local=False)
    url = store.check_url("https://nowhere.example.org/o/r", made, lookup)
    with pytest.raises(Unavailable, match=r"nowhere\.example\.org could not be found"):
        resolve(url, made, lookup)


@pytest.mark.parametrize(
    "name",
    [
        "--upload-pack=x",
        "-x",
        "refs/heads/--upload-pack=x",
        "a..b",
        "a b",
        "a~1",
        "a^{tree}",
        "main:README.md",
        "@{-1}",
        "x.lock",
        "a\nb",
        "a\0b",
        ":/fix",
        "/main",
        "main/",
        "a//b",
        "é\u202e",
    ],
)
def test_names_that_look_like_options_or_revisions_are_refused(name: str, tmp_path: Path) -> None:
    where = tmp_path / "m.git"
    made = settings(tmp_path)
    store.mirror(store.check_url(str(make_repo(tmp_path / "r", {"README.md": "x"})), made), where, made)
    with pytest.raises(Invalid):
        store.find_commit(where, name)


def test_a_branch_named_like_an_option_is_neither_listed_nor_run(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"README.md": "x"})
    head = git(repo, "rev-parse", "HEAD")
    git(repo, "update-ref", "refs/heads/--upload-pack=touch${IFS}started", head)
    git(repo, "update-ref", "refs/tags/-v1", head)
    git(repo, "symbolic-ref", "HEAD", "refs/heads/--upload-pack=touch${IFS}started")
    made = settings(tmp_path)
    done = store.mirror(store.check_url(str(repo), made), tmp_path / "m.git", made)
    assert done.default_branch == "main"
    assert [ref.name for ref in store.refs(tmp_path / "m.git")] == ["main"]
    assert not list(tmp_path.rglob("started"))


def test_transports_stay_shut_in_git_itself(tmp_path: Path) -> None:
    """Even if an address got past the check, git was told to use nothing but https."""
    repo = make_repo(tmp_path / "r", {"README.md": "x"})
    made = settings(tmp_path, local=False)
    for text in (f"ext::touch {tmp_path}/started", str(repo), f"file://{repo}", "http://127.0.0.1:9/x"):
        url = store.RepoUrl(url=text, scheme="https", host="example.org", port=443)
        with pytest.raises(RegistryError):
            store.mirror(url, tmp_path / "m.git", made, lookup=public)
    assert not (tmp_path / "started").exists() and not (tmp_path / "m.git").exists()


GOOD = [
    ("https://github.com/maker/press", "https://github.com/maker/press", "", ""),
    ("  https://GitHub.com/maker/Press.git/ ", "https://github.com/maker/Press", "", ""),
    ("https://www.github.com/maker/press?tab=readme-ov-file#build", "https://github.com/maker/press", "", ""),
    ("github.com/maker/press", "https://github.com/maker/press", "", ""),
    ("https://github.com/maker/press/tree/main/hw/pcb", "https://github.com/maker/press", "main", "hw/pcb"),
    ("https://github.com/maker/press/blob/v1/hw/README.md", "https://github.com/maker/press", "v1", "hw"),
    ("https://github.com/maker/press/releases/tag/v1.0", "https://github.com/maker/press", "v1.0", ""),
    ("https://github.com/maker/press/issues", "https://github.com/maker/press", "", ""),
    ("https://gitlab.com/group/sub/press/-/tree/main/hw", "https://gitlab.com/group/sub/press", "main", "hw"),
    ("https://codeberg.org/maker/press/src/branch/main/hw", "https://codeberg.org/maker/press", "main", "hw"),
    ("https://git.sr.ht/~maker/press/tree/main/item/hw", "https://git.sr.ht/~maker/press", "main", "hw"),
    ("https://git.example.org:8443/press.git", "https://git.example.org:8443/press", "", ""),
    ("https://git.example.org:443/a%20b.git", "https://git.example.org/a%20b", "", ""),
    ("https://bücher.example.org/press", "https://xn--bcher-kva.example.org/press", "", ""),
]


@pytest.mark.parametrize(("text", "url", "ref", "subdir"), GOOD)
def test_what_people_paste_is_understood(text: str, url: str, ref: str, subdir: str, tmp_path: Path) -> None:
    found = store.check_url(text, settings(tmp_path, local=False), public)
    assert (found.url, found.ref, found.subdir) == (url, ref, subdir)
    again = store.check_url(found.url, settings(tmp_path, local=False), public)
    assert again.url == found.url


def test_local_paths_only_where_allowed(tmp_path: Path) -> None:
    assert store.check_url("/srv//git/../git/press/", settings(tmp_path)).url == "/srv/git/press"
    assert store.check_url("file:///srv/my%20press", settings(tmp_path)).url == "/srv/my press"
    for text in ("file://other.example.org/srv/x", "relative/path", "/srv/x\n"):
        with pytest.raises(Invalid):
            store.check_url(text, settings(tmp_path))
