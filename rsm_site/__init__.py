"""A static website generator for a mission factsheet."""

__version__ = "0.1.0"
