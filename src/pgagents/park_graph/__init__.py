"""Park Graph: the reference server. The one room that knows of parking."""
