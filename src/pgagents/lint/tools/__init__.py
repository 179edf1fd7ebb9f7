"""Anyone's list of function tools, judged as the vendor's API would."""
