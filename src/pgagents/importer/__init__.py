"""Make a first catalogue from an OpenAPI or Swagger document, and merge later editions into the edited
catalogue.
"""
