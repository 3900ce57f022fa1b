"""Manifests as they lie in repositories: copied templates, links instead of paths, YAML that is nearly right."""

from __future__ import annotations

from memory_tree import MemoryTree

from registry.designs.reading.manifests import Manifest, read_manifests
from registry.designs.reading.paths import PathFinder


def read(**files: str) -> Manifest:
    tree = MemoryTree({name.replace("__", "/").replace("_DOT_", "."): text for name, text in files.items()})
    return read_manifests(tree, PathFinder(tree.files))[0]


def test_paths_from_the_top_and_links_to_the_repositorys_own_files() -> None:
    text = (
        'okhv = "OKH-LOSHv1.0"\nname = "Lamp"\nrepo = "https://example.org/a/lamp"\nlicense = "CERN-OHL-S-2.0"\n'
        'licensor = "Ada"\nfunction = "Gives light."\nreadme = "/README.md"\nimage = ""\nbom = "/hw/bom.csv"\n'
        'user-manual = "https://github.com/a/lamp/blob/main/docs/use.md"\n'
    )
    told = read(okh_DOT_toml=text, README_DOT_md="# Lamp", hw__bom_DOT_csv="Part,Qty\n", docs__use_DOT_md="# Use")
    assert (told.readme, told.boms, told.docs) == ("README.md", ["hw/bom.csv"], ["docs/use.md"])
    assert not [item for item in told.findings if item.level != "info"]


def test_a_path_from_the_top_does_not_leave_it() -> None:
    told = read(okh_DOT_toml='okhv = "2.4"\nname = "Lamp"\nreadme = "/../etc/passwd"\nbom = "//host/x"\n')
    assert told.readme == "" and told.boms == []
    assert len([item for item in told.findings if "neither a path" in item.sentence]) == 2


def test_yaml_that_is_nearly_right() -> None:
    text = (
        "title: Lamp\nproject-link: https://example.org/a\nproject-link: https://example.org/b\ncontact:\n  name: Ada\n"
        "  social:\n    - platform: Forge\n      user-handle: @ada\nlicense:\n  hardware: CERN OHL v1.2\n"
    )
    told = read(okh_DOT_yml=text)
    assert told.name == "Lamp" and told.licences == {"hardware": "CERN OHL v1.2"}
    assert not [item for item in told.findings if item.level == "error"]


def test_a_template_that_was_not_filled_in() -> None:
    told = read(
        okh_DOT_toml='okhv = "2.4"\nname = "FIXME product"\nfunction = """\nTODO: what it does"""\nlicense = "MIT"\n'
    )
    assert (told.name, told.summary) == ("", "")
    assert any("still says" in item.sentence for item in told.findings)
    assert "nothing in it but remarks" in read(okh_DOT_yml="# to be written\n").findings[0].sentence
