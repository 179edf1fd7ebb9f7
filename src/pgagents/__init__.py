"""One action catalogue, every vendor's manifest, and a live server tested against all of them."""
