"""Convert an OpenAPI or Swagger document into a first catalogue, and merge later editions into the author's version."""
