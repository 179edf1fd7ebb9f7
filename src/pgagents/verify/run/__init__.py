"""Run a plan: drive probes, gate and send requests, judge exchanges, keep verdicts, redact, report."""
