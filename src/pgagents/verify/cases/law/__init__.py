"""Cases of laws: values that reveal their mutants, and calls through tools that meet their conditions."""
