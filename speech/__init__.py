"""Speech requests and their audio. Knows neither Ray nor HTTP, nor torch except to resample."""
