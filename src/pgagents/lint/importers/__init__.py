"""Simulate vendors' imports of an OpenAPI document, with the messages that a person would see there.

`gpt_builder` and `copilot` give each importer's messages as findings, with our help, and the functions that
the model gets. The simulations themselves are `gpt_builder_import`, and for Copilot `copilot_document` (the
whole), `copilot_operations` (each operation) and `copilot_references`.
"""
