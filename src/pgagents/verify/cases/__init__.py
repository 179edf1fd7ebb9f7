"""Cases for a call: boundary, invalid, combined, malformed, generated, and from law mutants."""
