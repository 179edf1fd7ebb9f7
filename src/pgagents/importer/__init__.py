"""An OpenAPI or Swagger document as a catalogue to start from, and a later edition of it merged into the author's own."""
