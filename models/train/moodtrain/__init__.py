"""Training, export and measurement of the emotion network."""
