"""Steps of the pack that the platform has no page of its own for: recorded with who, when and what proves it."""
