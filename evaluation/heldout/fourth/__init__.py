"""The fourth set: written while checks were made for what the third one missed; its author saw neither
sets nor checks.
"""
