"""Make the requests of calls, with keys and signatures, and transmit them."""
