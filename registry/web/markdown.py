"""Markdown for pages: see `registry.safe_markdown`, which the build book uses too."""

from registry.safe_markdown import render

__all__ = ["render"]
