"""Texts that tell a model which call follows another one."""
