"""Documents for readers of the API's site, both people and models."""
