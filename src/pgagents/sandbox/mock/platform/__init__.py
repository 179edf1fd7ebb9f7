"""The mock of services around the actions: an audit log, attribution, failures that the operator provokes."""
