"""Get OAuth codes and tokens as a client does, with the user's consent given by form."""
