"""Keys, secrets and personal data are removed before anything is stored."""
