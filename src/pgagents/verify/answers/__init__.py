"""Read answers for checks: capacity, times, limits, secrets, request ids."""
