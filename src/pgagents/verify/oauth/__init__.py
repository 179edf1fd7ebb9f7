"""Codes and tokens, obtained as an OAuth client obtains them, with the user's consent given by form."""
