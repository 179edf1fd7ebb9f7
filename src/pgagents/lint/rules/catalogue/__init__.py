"""Rules that apply to every catalogue."""
