"""A run: probes driven, requests gated and sent, exchanges judged, verdicts recorded."""
