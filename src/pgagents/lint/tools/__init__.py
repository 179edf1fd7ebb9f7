"""Judge anyone's list of function tools as the vendor's API would."""
