"""The mock of what surrounds the actions: an audit log, attribution, failures that the operator provokes."""
