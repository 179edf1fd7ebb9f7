"""The part of the language about stores: their listings."""
