"""The promises of vendors' documents about an action: offers, schemas, limits."""
