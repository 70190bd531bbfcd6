"""Drawings as plain numbers and strings: what the SVG macros place, computed without knowing what the content is."""
