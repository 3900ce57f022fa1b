"""Git repositories as the registry sees them: what others import. Only its neighbours git_* start git.

A mirror is bare. It holds the remote's branches and tags under their own names, `HEAD` for its default branch, and
`refs/brickyard/keep/COMMIT` for commits that versions point to, so that they outlive a force-push.
"""

from registry.stores.git_mirror import Mirrored, RepoEmpty, RepoGone, RepoMoved, mirror, remove, tidy
from registry.stores.git_refs import (
    Ref,
    authors,
    commit_date,
    default_branch,
    find_commit,
    keep,
    keep_all,
    locate,
    ref_name_fault,
    refs,
)
from registry.stores.git_tree import GitTree, Refused, is_lfs_pointer, path_fault
from registry.stores.git_url import RepoUrl, check_url, is_public

__all__ = [
    "GitTree",
    "Mirrored",
    "Ref",
    "Refused",
    "RepoEmpty",
    "RepoGone",
    "RepoMoved",
    "RepoUrl",
    "authors",
    "check_url",
    "commit_date",
    "default_branch",
    "find_commit",
    "is_lfs_pointer",
    "is_public",
    "keep",
    "keep_all",
    "locate",
    "mirror",
    "path_fault",
    "ref_name_fault",
    "refs",
    "remove",
    "tidy",
]
