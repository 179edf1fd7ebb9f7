"""Make every vendor's document from the Model: views, templates, files, packages."""
