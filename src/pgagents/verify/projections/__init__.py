"""What vendors' documents promise of an action: offers, schemas, limits."""
