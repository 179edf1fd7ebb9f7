"""The Coinpost Payments API of tests/catalogues/payments.md as a Flask application."""
