"""Cases to call an action with: boundary, invalid, combined, malformed, generated, and from law mutants."""
