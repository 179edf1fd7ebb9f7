"""Park Graph's behaviour in the sandbox, the one room that knows of parking. Entry points lead here."""
