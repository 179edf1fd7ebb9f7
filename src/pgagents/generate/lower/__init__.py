"""From the catalogue's schemas to a vendor's: what its dialect says, and what it cannot."""
