"""The instances that the mock keeps: found, seeded, and given new ids."""
