"""The types of a check (probe, judgement), the discovery of checks, and what they remember in a run."""
