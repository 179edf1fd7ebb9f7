"""Documents for whoever reads the API's site, people and models."""
