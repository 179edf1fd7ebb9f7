"""Index what vendors' documents let a call send, and make the calls that servers often answer wrongly."""
