"""S1-DAC, the codec of the published model."""
