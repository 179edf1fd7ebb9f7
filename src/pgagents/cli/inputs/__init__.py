"""What commands are given: options, environment, keys, addresses, files, time."""
