"""What an answer says, read for checks: capacity, times, limits, secrets, request ids."""
