"""Mirrors, refs, people and trees, on real repositories."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import threading
from pathlib import Path

import pytest
from git_support import blob, commit, git, make_repo, raw_commit, settings

from registry import limits
from registry.errors import Invalid, NotFound
from registry.stores import git as store

CORPUS = Path(os.environ.get("BRICKYARD_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))


def mirrored(repo: Path, tmp_path: Path) -> Path:
    made = settings(tmp_path)
    where = tmp_path / "mirrors" / f"{repo.name}.git"
    store.mirror(store.check_url(str(repo), made), where, made)
    return where


def test_mirror_then_update(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "press", {"README.md": "# Press\n"})
    first = git(repo, "rev-parse", "HEAD")
    made = settings(tmp_path)
    url, where = store.check_url(str(repo), made), tmp_path / "m.git"
    assert store.mirror(url, where, made) == store.Mirrored("main", first, True)
    assert store.mirror(url, where, made) == store.Mirrored("main", first, False)
    second = commit(repo, {"README.md": "# Press 2\n"})
    git(repo, "tag", "v1")
    assert store.mirror(url, where, made) == store.Mirrored("main", second, True)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".m.git.")] == [".m.git.lock"]
    assert not (where / "objects" / "info" / "alternates").exists()


def test_branches_that_go_and_come_and_a_renamed_default(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "press", {"README.md": "1"})
    git(repo, "branch", "a")
    git(repo, "tag", "old")
    where = mirrored(repo, tmp_path)
    git(repo, "branch", "-D", "a")
    git(repo, "branch", "a/b")
    git(repo, "tag", "-d", "old")
    git(repo, "branch", "-m", "main", "trunk")
    mirrored(repo, tmp_path)
    assert [(ref.kind, ref.name) for ref in store.refs(where)] == [("head", "a/b"), ("head", "trunk")]
    assert store.default_branch(where) == "trunk"


def test_kept_commits_outlive_a_force_push(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "press", {"README.md": "1"})
    old = commit(repo, {"README.md": "2"})
    lost = commit(repo, {"README.md": "3"})
    where = mirrored(repo, tmp_path)
    store.keep(where, old)
    git(repo, "checkout", "-q", "--orphan", "fresh")
    new = commit(repo, {"README.md": "4"})
    git(repo, "branch", "-M", "fresh", "main")
    mirrored(repo, tmp_path)
    store.tidy(where)
    git(where, "gc", "--quiet", "--prune=now")
    assert store.find_commit(where) == new and store.find_commit(where, old) == old
    with store.GitTree(where, old) as tree:
        assert tree.read("README.md") == b"2"
    with pytest.raises(NotFound):
        store.find_commit(where, lost)


def test_an_empty_repository_says_what_to_do(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "empty")
    with pytest.raises(store.RepoEmpty, match="Push a commit"):
        mirrored(tmp_path / "empty", tmp_path)
    with pytest.raises(store.RepoGone):
        mirrored(tmp_path / "nowhere", tmp_path)
    (tmp_path / "plain").mkdir()
    with pytest.raises(store.RepoGone, match="no git repository"):
        mirrored(tmp_path / "plain", tmp_path)


def test_two_at_once_make_one_mirror(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "press", {"README.md": "1"})
    done: list[store.Mirrored] = []
    made = settings(tmp_path)
    url = store.check_url(str(repo), made)
    threads = [
        threading.Thread(target=lambda: done.append(store.mirror(url, tmp_path / "m.git", made))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(item.changed for item in done) == [False, False, False, True]


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "press", {"README.md": "1"})
    left = tmp_path / "mirrors" / ".press.git.abc" / "new.git"
    left.mkdir(parents=True)
    where = mirrored(repo, tmp_path)
    assert where.exists() and not left.exists()
    store.remove(where)
    assert not where.exists()


def test_refs_are_peeled_and_dated(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "press", {"README.md": "1"})
    head = git(repo, "rev-parse", "HEAD")
    git(repo, "tag", "-a", "v2", "-m", "two")
    git(repo, "tag", "-a", "v3", "-m", "three", "v2")
    git(repo, "tag", "tree", "HEAD^{tree}")
    git(repo, "tag", "v1")
    where = mirrored(repo, tmp_path)
    when = dt.datetime(2025, 3, 1, 12, 0)  # noqa: DTZ001
    assert store.refs(where) == [
        *(store.Ref(name, "tag", head, when) for name in ("v1", "v2", "v3")),
        store.Ref("main", "head", head, when),
    ]
    assert store.commit_date(where, head) == when
    for text in ("", "HEAD", "main", "v1", "v2", "v3", "refs/tags/v2", head, head[:7], head[:12].upper()):
        assert store.find_commit(where, text) == head
    for text in ("nothing", head[:6], "f" * 40, "tree"):
        with pytest.raises(NotFound):
            store.find_commit(where, text)
    for text in ("main", head[:7], "x" * 40):
        with pytest.raises(Invalid):
            store.keep(where, text)


def test_a_date_beyond_all_clocks(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "press", {"README.md": "1"})
    tree = git(repo, "rev-parse", "HEAD^{tree}")
    made = git(repo, "commit-tree", tree, "-m", "x", env={"GIT_COMMITTER_DATE": "@99999999999999 +0000"})
    git(repo, "update-ref", "refs/heads/main", made)
    where = mirrored(repo, tmp_path)
    assert store.commit_date(where, made).year == 2199 and store.refs(where)[0].committed_at.year == 2199


def test_people_are_counted_by_folder_without_addresses(tmp_path: Path) -> None:
    repo = make_repo(
        tmp_path / "press",
        {"README.md": "1", ".mailmap": "Grace Hopper <grace@example.org> ghop <g@old.example.org>\n"},
    )
    for number, (name, mail) in enumerate(
        [("ghop", "g@old.example.org"), ("Grace Hopper", "grace@example.org"), ("x@example.org", "x@example.org")]
    ):
        (repo / "hw").mkdir(exist_ok=True)
        (repo / "hw" / f"{number}.txt").write_text("x")
        git(repo, "add", "-A")
        git(repo, "commit", "-q", "-m", "x", env={"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail})
    where = mirrored(repo, tmp_path)
    head = store.find_commit(where)
    assert store.authors(where, head) == [("Grace Hopper", 2), ("Ada Maker", 1), ("x", 1)]
    assert store.authors(where, head, "hw") == [("Grace Hopper", 2), ("x", 1)]
    assert store.authors(where, head, "nowhere") == []


def test_pasted_addresses_are_located(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "press", {"hw/board/README.md": "1"})
    git(repo, "branch", "feature/new")
    where = mirrored(repo, tmp_path)

    def locate(path: str) -> tuple[str, str]:
        return store.locate(
            where, store.check_url(f"https://github.com/maker/press{path}", settings(tmp_path), lambda host, port: [])
        )

    assert locate("") == ("", "")
    assert locate("/tree/main/hw/board") == ("main", "hw/board")
    assert locate("/tree/feature/new/hw") == ("feature/new", "hw")
    assert locate("/blob/main/hw/board/README.md") == ("main", "hw/board")
    with pytest.raises(NotFound):
        locate("/tree/gone/hw")


def test_a_folder_is_a_tree_of_its_own(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "press", {"README.md": "top", "hw/b.txt": "bb", "hw/a/c.txt": "ccc"})
    where = mirrored(repo, tmp_path)
    head = store.find_commit(where)
    with store.GitTree(where, head, "hw/") as tree:
        assert {path: file.size_bytes for path, file in tree.files.items()} == {"a/c.txt": 3, "b.txt": 2}
        assert tree.files["b.txt"].blob == git(repo, "rev-parse", "HEAD:hw/b.txt")
        assert tree.copy_to({"deep/er.txt": "a/c.txt", "b.txt": "b.txt", "again.txt": "b.txt"}, tmp_path / "out") == 7
    assert (tmp_path / "out" / "deep" / "er.txt").read_text() == "ccc"
    assert (tmp_path / "out" / "again.txt").read_text() == "bb"


def test_one_path_is_looked_up_as_the_list_has_it(tmp_path: Path) -> None:
    lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 12345678\n" % (b"ab" * 32)
    repo = make_repo(tmp_path / "press", {"hw/a/c.txt": "ccc", "hw/*.txt": "star", "hw/:x": "colon", "hw/big": lfs})
    os.symlink("a", repo / "hw" / "link")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "link")
    where = mirrored(repo, tmp_path)
    with store.GitTree(where, store.find_commit(where), "hw") as tree:
        assert set(tree.files) == {"a/c.txt", "*.txt", ":x"}
        for path, file in tree.files.items():
            assert tree.look_up(path) == file and tree.read_file(file) == tree.read(path)
        assert tree.look_up("a") == "folder"
        for path in ("link", "big", "nope", "a/nope", "?.txt", "a/", "../README.md", "", "-r", "link/c.txt"):
            assert tree.look_up(path) is None, path
    with pytest.raises(NotFound):
        store.GitTree(where, "1" * 40).look_up("a")


def test_reading_is_bounded_and_goes_on_after_large_files(tmp_path: Path) -> None:
    large = os.urandom(9 * limits.MIB)
    where = mirrored(make_repo(tmp_path / "press", {"large.bin": large, "small.txt": "x", "empty": ""}), tmp_path)
    with store.GitTree(where, store.find_commit(where)) as tree:
        for _ in range(2):
            assert tree.read("large.bin", 1000) == large[:1000]
            assert tree.read("small.txt") == b"x" and tree.read("empty") == b"" and tree.read("small.txt", 0) == b""
        assert tree.read("large.bin", 20 * limits.MIB) == large
        with pytest.raises(KeyError):
            tree.read("nothing")
        tree.close()
        assert tree.read("small.txt") == b"x"
        seen: list[bytes] = []
        threads = [
            threading.Thread(target=lambda: seen.extend(tree.read("small.txt") for _ in range(50))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [b"x"] * 200


def test_an_interrupted_copy_does_not_spoil_the_next_read(tmp_path: Path) -> None:
    where = mirrored(make_repo(tmp_path / "press", {"a.txt": "a" * 100_000, "b.txt": "b", "c.txt": "c"}), tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.txt").write_text("in the way")
    with store.GitTree(where, store.find_commit(where)) as tree:
        with pytest.raises(FileExistsError):
            tree.copy_to({path: path for path in tree.files}, out)
        assert tree.read("b.txt") == b"b" and tree.read("c.txt") == b"c"


def test_an_empty_tree_and_a_missing_commit(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "press", {"a.txt": "a"})
    raw_commit(repo, {})
    where = mirrored(repo, tmp_path)
    assert dict(store.GitTree(where, store.find_commit(where)).files) == {}
    with pytest.raises(NotFound):
        _ = store.GitTree(where, "1" * 40).files
    with pytest.raises(Invalid):
        store.GitTree(where, "main")
    with pytest.raises(Invalid):
        store.GitTree(where, "--help")
    assert blob(repo, b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real designs is not here")
def test_the_corpus_comes_back_byte_for_byte(tmp_path: Path) -> None:
    subprocess.run([CORPUS / "make-repos", tmp_path / "repos"], check=True, capture_output=True)
    for repo in sorted((tmp_path / "repos").iterdir()):
        where = mirrored(repo, tmp_path)
        with store.GitTree(where, store.find_commit(where)) as tree:
            tree.copy_to({path: path for path in tree.files}, tmp_path / "out" / repo.name)
            assert tree.refused == []
        same = subprocess.run(
            ["diff", "-r", "-x", ".git", repo, tmp_path / "out" / repo.name], capture_output=True, check=False
        )
        assert same.returncode == 0, same.stdout
