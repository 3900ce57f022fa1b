"""Hostile repositories: rows 8 to 13 and 38 of what must never happen."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from git_support import blob, commit, eventually, git, make_repo, processes, raw_commit, served, settings

from registry import limits
from registry.errors import Invalid, NotFound, RegistryError, TooLarge, Unavailable
from registry.stores import git as store

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 12345678\n" % (b"ab" * 32)


def mirrored(repo: Path, tmp_path: Path, **more: float) -> tuple[Path, str]:
    made = settings(tmp_path)
    where = tmp_path / "mirrors" / f"{repo.name}.git"
    done = store.mirror(store.check_url(str(repo), made), where, made, **more)  # type: ignore[arg-type]
    return where, done.head


def leftovers(folder: Path) -> list[str]:
    """What a failed mirroring left beside the mirrors, locks aside."""
    return [path.name for path in folder.iterdir() if not path.name.endswith(".lock")] if folder.exists() else []


@pytest.mark.parametrize("url", ["ext::sh -c 'touch started'", "https://example.org/o/r\r", "-u./payload", "../evil"])
def test_a_submodule_is_never_initialised(url: str, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"README.md": "# Press\n"})
    head = git(repo, "rev-parse", "HEAD")
    modules = f'[submodule "evil"]\n\tpath = evil\n\turl = "{url}"\n'
    entries = {
        b".gitmodules": ("100644", blob(repo, modules.encode())),
        b"evil": ("160000", head),
        b"README.md": ("100644", blob(repo, b"# Press\n")),
    }
    raw_commit(repo, entries)
    try:
        where, head = mirrored(repo, tmp_path)
    except Invalid as error:
        # git itself refuses some addresses of submodules: then nothing of the repository is kept.
        assert "gitmodules" in str(error) and leftovers(tmp_path / "mirrors") == []
    else:
        with store.GitTree(where, head) as tree:
            assert "evil" not in tree.files
            assert ("evil", "it is a submodule, which is not read") in tree.refused
            tree.copy_to({path: path for path in tree.files}, tmp_path / "out")
        assert not (tmp_path / "out" / "evil").exists()
    assert not list(tmp_path.rglob("started"))


def test_symbolic_links_are_neither_followed_nor_served(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"README.md": "# Press\n", "hw/board.txt": "x"})
    os.symlink("/etc/passwd", repo / "passwd.md")
    os.symlink("hw", repo / "folder")
    commit(repo, {})
    where, head = mirrored(repo, tmp_path)
    with store.GitTree(where, head) as tree:
        assert list(tree.files) == ["README.md", "hw/board.txt"]
        assert [path for path, _ in tree.refused] == ["folder", "passwd.md"]
        with pytest.raises(KeyError):
            tree.read("passwd.md")
        with pytest.raises(KeyError):
            tree.copy_to({"passwd.md": "passwd.md"}, tmp_path / "out")
    with pytest.raises(NotFound):
        _ = store.GitTree(where, head, "folder").files


def test_a_link_waiting_in_the_target_folder_is_not_written_through(tmp_path: Path) -> None:
    where, head = mirrored(make_repo(tmp_path / "r", {"a.txt": "new"}), tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "precious").write_text("old")
    os.symlink(tmp_path / "precious", out / "a.txt")
    with store.GitTree(where, head) as tree, pytest.raises(FileExistsError):
        tree.copy_to({"a.txt": "a.txt"}, out)
    assert (tmp_path / "precious").read_text() == "old"


BAD = [
    b"..",
    b".",
    b".git",
    b".GIT",
    b".Git ",
    b"git~1",
    b".g\xe2\x80\x8cit",
    b"bad\xff.md",
    b"a\nb",
    b"a\x1bb",
    b"a\\b",
    b"a\xe2\x80\xaeb",
    b"\xed\xa0\x80",
    b"x" * 300,
]


@pytest.mark.parametrize("name", BAD)
def test_untrustworthy_paths_are_refused_and_reported(name: bytes, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"README.md": "# Press\n"})
    content = blob(repo, b"boo")
    inner = git(
        repo,
        "hash-object",
        "-t",
        "tree",
        "-w",
        "--literally",
        "--stdin",
        stdin=b"100644 " + name + b"\0" + bytes.fromhex(content),
    )
    raw_commit(repo, {b"README.md": ("100644", blob(repo, b"# Press\n")), b"sub": ("040000", inner)})
    where, head = mirrored(repo, tmp_path)
    with store.GitTree(where, head) as tree:
        assert list(tree.files) == ["README.md"]
        [(path, reason)] = tree.refused
        assert path.startswith("sub/") and reason and path.isprintable()


def test_odd_but_honest_names_are_fine(tmp_path: Path) -> None:
    names = [
        "Gehäuse für Öl.md",
        "{{ 7*7 }}.txt",
        "a b.txt",
        "a';touch x;'.kicad_sch",
        "-rf",
        "$(id)",
        "..x",
        "a..b",
        ".gitignore",
        "日本.md",
        "%2e%2e",
        "<b>.md",
        ":(top)x",
        "*.md",
    ]
    where, head = mirrored(make_repo(tmp_path / "r", {name: name for name in names}), tmp_path)
    with store.GitTree(where, head) as tree:
        assert sorted(tree.files) == sorted(names) and tree.refused == []
        assert all(tree.read(name) == name.encode() for name in names)
        tree.copy_to({name: name for name in names}, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(names)
    assert not list(tmp_path.rglob("x"))


@pytest.mark.parametrize("target", ["../x", "/x", "a/../../x", "a\0b", ".git/config", "a\\b", ""])
def test_files_are_laid_out_nowhere_else(target: str, tmp_path: Path) -> None:
    where, head = mirrored(make_repo(tmp_path / "r", {"a.txt": "x"}), tmp_path)
    with store.GitTree(where, head) as tree, pytest.raises(Invalid):
        tree.copy_to({target: "a.txt"}, tmp_path / "out")
    assert not (tmp_path / "x").exists() and not (tmp_path / "out").exists()


@pytest.mark.parametrize("subdir", ["../r", "hw/..", "/etc", ".git", "hw\0", "missing", "a.txt", "--help"])
def test_folders_that_are_not_there_or_not_allowed(subdir: str, tmp_path: Path) -> None:
    where, head = mirrored(make_repo(tmp_path / "r", {"a.txt": "x", "hw/b.txt": "y"}), tmp_path)
    with pytest.raises((Invalid, NotFound)):
        _ = store.GitTree(where, head, subdir).files


def test_a_repository_over_the_quota_is_stopped_and_removed(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"big.bin": os.urandom(6 * limits.MIB)})
    with pytest.raises(TooLarge) as caught:
        mirrored(repo, tmp_path, size_bytes=2 * limits.MIB)
    assert caught.value.status == 413 and caught.value.remedy
    assert leftovers(tmp_path / "mirrors") == []


def test_an_update_over_the_quota_leaves_the_last_good_copy(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"README.md": "# Press\n"})
    where, head = mirrored(repo, tmp_path)
    commit(repo, {"big.bin": os.urandom(6 * limits.MIB)})
    with pytest.raises(TooLarge):
        mirrored(repo, tmp_path, size_bytes=2 * limits.MIB)
    assert store.find_commit(where) == head
    assert not list((where / "objects" / "pack").glob("tmp_*"))
    assert sum(path.stat().st_size for path in where.rglob("*") if path.is_file()) < limits.MIB


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where, head = mirrored(make_repo(tmp_path / "r", {f"{number}.txt": str(number) for number in range(60)}), tmp_path)
    monkeypatch.setattr(limits, "TREE_FILES", 50)
    with pytest.raises(TooLarge, match="more than 50 files"):
        _ = store.GitTree(where, head).files


def test_a_tree_that_repeats_itself_without_end_is_stopped_early(tmp_path: Path) -> None:
    """Ten levels of a folder that holds the next one ten times: ten thousand million files in a few hundred bytes."""
    repo = make_repo(tmp_path / "r", {"README.md": "x"})
    tree = git(repo, "rev-parse", "HEAD^{tree}")
    for _ in range(10):
        body = "".join(f"040000 tree {tree}\t{number}\n" for number in range(10))
        tree = git(repo, "mktree", stdin=body.encode())
    git(repo, "update-ref", "refs/heads/main", git(repo, "commit-tree", tree, "-m", "bomb"))
    where, head = mirrored(repo, tmp_path)
    started = time.monotonic()
    with pytest.raises(TooLarge):
        _ = store.GitTree(where, head).files
    assert time.monotonic() - started < 20
    assert not processes(str(where))


def test_a_file_over_the_limit_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where, head = mirrored(make_repo(tmp_path / "r", {"a.txt": "x", "big.step": "y" * 5000}), tmp_path)
    monkeypatch.setattr(limits, "TREE_FILE_BYTES", 4096)
    with store.GitTree(where, head) as tree:
        assert list(tree.files) == ["a.txt"] and tree.refused[0].path == "big.step"


def test_a_slow_server_is_left_in_time(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        server.rules["press"] = "slow"
        made = settings(tmp_path, hosts=(server.host,))
        started = time.monotonic()
        with pytest.raises(Unavailable, match="took longer than 1 seconds"):
            store.mirror(store.check_url(server.url("press"), made), tmp_path / "mirrors" / "m.git", made, timeout_s=1)
        assert time.monotonic() - started < 6
        # git's helper for http is gone with it, not only git.
        assert eventually(lambda: not processes(server.host))
    assert leftovers(tmp_path / "mirrors") == []


def test_a_server_that_talks_without_end_is_left(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        server.rules["press"] = "flood"
        made = settings(tmp_path, hosts=(server.host,))
        started = time.monotonic()
        with pytest.raises(RegistryError):
            store.mirror(store.check_url(server.url("press"), made), tmp_path / "mirrors" / "m.git", made, timeout_s=4)
        assert time.monotonic() - started < 15 and eventually(lambda: not processes(server.host))


def test_git_is_not_told_what_the_environment_of_the_server_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[core]\n\tsshCommand = touch {tmp_path}/started\n[protocol]\n\tallow = always\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "protocol.ext.allow")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "always")
    where, head = mirrored(make_repo(tmp_path / "r", {"README.md": "x"}), tmp_path)
    assert store.find_commit(where) == head and not (tmp_path / "started").exists()


def test_hooks_of_the_origin_do_not_run(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"README.md": "x"})
    for name in ("post-checkout", "reference-transaction", "post-update", "pre-auto-gc"):
        hook = repo / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
        hook.chmod(0o755)
    mirrored(repo, tmp_path)
    assert not (tmp_path / "started").exists()


def test_lfs_pointers_are_reported_and_never_taken_for_the_file(tmp_path: Path) -> None:
    repo = make_repo(
        tmp_path / "r",
        {"case.step": LFS, "README.md": "# Press\n", ".gitattributes": "*.step filter=lfs\n", "note.txt": "x" * 130},
    )
    where, head = mirrored(repo, tmp_path)
    with store.GitTree(where, head) as tree:
        assert list(tree.files) == [".gitattributes", "README.md", "note.txt"]
        assert tree.refused == [("case.step", "only a git-lfs pointer is in the repository, not the file itself")]
    assert (
        store.is_lfs_pointer(LFS)
        and not store.is_lfs_pointer(LFS * 20)
        and not store.is_lfs_pointer(b"version https://git-lfs")
    )


def test_damaged_objects_are_refused(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"README.md": "x"})
    body = b"100644 a\0" + bytes.fromhex(blob(repo, b"1")) + b"100644 a\0" + bytes.fromhex(blob(repo, b"2"))
    tree = git(repo, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=body)
    git(repo, "update-ref", "refs/heads/main", git(repo, "commit-tree", tree, "-m", "twice"))
    with pytest.raises(Invalid, match="can't accept"):
        mirrored(repo, tmp_path)
    assert leftovers(tmp_path / "mirrors") == []
