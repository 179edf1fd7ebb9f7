"""Judging a live server against every generated contract."""
