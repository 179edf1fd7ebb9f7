"""Texts about calls that follow another one."""
