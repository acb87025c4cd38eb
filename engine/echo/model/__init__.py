"""The diffusion transformer: layers, attention, encoders, tokenizer."""
