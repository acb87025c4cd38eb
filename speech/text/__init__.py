"""Text on its way to the engine: cleaned, written out, and cut into chunks with pauses between."""
