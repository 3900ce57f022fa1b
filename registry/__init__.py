"""Brickyard: an open hardware design registry."""

__version__ = "0.1.0"
