"""Rules for catalogues whatever the model."""
