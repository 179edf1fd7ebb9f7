"""What vendors and models will make of a catalogue, or of anyone's finished document, said before it is uploaded."""
