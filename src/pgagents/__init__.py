"""pgagents: one action catalogue, every vendor manifest, and a live server held to them."""
