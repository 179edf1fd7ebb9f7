"""Park Graph's behaviour in the sandbox. Only this room is about parking; the sandbox finds it by entry
points.
"""
