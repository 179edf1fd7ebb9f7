"""Documents for readers of the API's site, people and models."""
