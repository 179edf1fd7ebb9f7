"""The parts of judging an exchange: who watches it, whether it fits, and the memory of it."""
