"""Get codes and tokens as an OAuth client does; the user consents by the server's own form."""
