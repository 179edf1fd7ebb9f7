"""Events on their way out: kept, signed, delivered to addresses that were checked."""
