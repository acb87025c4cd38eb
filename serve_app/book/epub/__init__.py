"""A book in EPUB: its files in reading order, as paragraphs and chapters."""
