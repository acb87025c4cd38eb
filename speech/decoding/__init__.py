"""Decoding of voice files: which library reads which content, and each library's reader."""
