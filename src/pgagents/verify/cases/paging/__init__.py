"""Calls that read lists in pages, and the instances that these lists hold."""
