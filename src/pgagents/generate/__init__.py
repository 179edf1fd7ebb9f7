"""Generate every vendor's documents from the Model: views, templates, files, packages."""
