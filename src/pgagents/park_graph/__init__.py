"""Park Graph's behaviour in the sandbox, the only room about parking. The sandbox finds it by entry points."""
