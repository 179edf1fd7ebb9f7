"""From the Model to every vendor's document: views, templates, files, packages."""
