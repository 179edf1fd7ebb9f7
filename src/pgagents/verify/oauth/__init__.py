"""Get codes and tokens as an OAuth client does. The user consents through the server's own form."""
