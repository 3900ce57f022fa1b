"""Hostile inputs, row 22: Markdown with javascript: links or raw HTML."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from registry.web import markdown


def show(text: str, base: str = "README.md") -> str:
    return str(markdown.render(text, base=base, address=lambda path: "/designs/x/v1/files/" + quote(path)))


def test_notes_as_forges_write_them() -> None:
    html = show("> [!WARNING]\n> Wear gloves.\n\n<p class='site-head'>x</p>")
    assert '<div class="markdown-alert markdown-alert-warning">' in html and "[!" not in html
    assert ">Warning</p>" in html and "Wear gloves." in html and "site-head" not in html


@pytest.mark.parametrize(
    "text",
    [
        "[a](javascript:alert(1))",
        "[a](java&#10;script:alert(1))",
        '<a href=" jAvAscript:alert(1)">a</a>',
        '<a href="&#x6A;avascript:alert(1)">a</a>',
        "<a href='vbscript:x'>a</a> <a href='data:text/html,<script>alert(1)</script>'>b</a>",
        "<script>alert(1)</script>after",
        "<img src=x onerror=alert(1)>",
        '<iframe src="//evil.example"></iframe><object data=x></object><embed src=x>',
        "<svg><script>alert(1)</script><foreignObject><body onload=alert(1)></foreignObject></svg>",
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
        '<p style="position:fixed" class="site-head" id="main" onclick="x()">a</p>',
        '<form action="/logout"><input type="image"><button>a</button></form>',
        "<base href='//evil.example/'><meta http-equiv=refresh content='0;url=//evil.example'>",
        "<link rel=stylesheet href=//evil.example>",
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    ],
)
def test_nothing_in_markdown_can_act(text: str) -> None:
    html = show(text)
    assert not re.search(
        r"<(script|iframe|object|embed|svg|math|style|form|input|button|base|meta|link)", html, re.IGNORECASE
    )
    assert not re.search(r"<[^>]*\s(on\w+|style|class|id)=", html, re.IGNORECASE)
    assert not re.search(r"(href|src)=[\"']?\s*(javascript|vbscript|data):", html, re.IGNORECASE)


def test_links_and_pictures_of_the_repository_work_here() -> None:
    html = show("![top](img/top%20side.png) [steps](../BUILD.md#first) [root](/LICENSE)", base="docs/README.md")
    assert '<img src="/designs/x/v1/files/docs/img/top%20side.png" alt="top" loading="lazy">' in html
    assert 'href="/designs/x/v1/files/BUILD.md#first"' in html
    assert 'href="/designs/x/v1/files/LICENSE"' in html


def test_pictures_of_other_sites_are_links() -> None:
    html = show(
        "![badge](https://img.example/b.svg) [![build](//ci.example/b.png)](https://ci.example/) <img src='http://e.example/x.png'>"
    )
    assert "<img" not in html
    assert '<a href="https://img.example/b.svg"' in html
    assert html.count("<a ") == 3
    assert ">build</a>" in html


def test_links_out_of_the_repository_lead_nowhere() -> None:
    assert "passwd" not in show("[a](../../etc/passwd) ![b](../x.png)")


def test_what_makers_write_stays() -> None:
    html = show(
        "# Press\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\n- [x] welded\n\n"
        "<details><summary>more</summary>\n\n`code`\n</details>\n\n[to](#press)"
    )
    assert '<h2 id="readme-press">Press</h2>' in html and 'href="#readme-press"' in html
    assert "<table>" in html and 'role="region"' in html and "☑" in html and "<summary>more</summary>" in html


def test_tables_and_code_are_reachable_by_keyboard_and_named_apart() -> None:
    html = show("|  | b |\n|--|--|\n| 1 | 2 |\n\ntext\n\n| a |\n|--|\n| 1 |\n\n    wide code\n")
    assert "<th></th>" not in html and "<td></td>" in html
    assert 'aria-label="Table 1"' in html and 'aria-label="Table 2"' in html
    assert '<pre tabindex="0">' in html
