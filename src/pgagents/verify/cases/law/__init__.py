"""Cases of laws: values that reveal their mutants, and calls that meet their conditions through tools."""
