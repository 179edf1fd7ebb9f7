"""Find faults and variations by name and switch them on; helpers for writing them."""
