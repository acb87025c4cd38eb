"""What a speech request is. Knows neither Ray nor HTTP, nor torch except to resample."""
