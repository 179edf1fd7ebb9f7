"""Park Graph's behaviour in the sandbox.

Only this package is about parking; the sandbox finds it by entry points.
"""
