"""A codec without trained weights: speech as pitch, voicing and a smooth spectrum.

The source-filter model of speech: an excitation (pulses where the voice sounds, noise where it
does not) through a slowly changing filter. `analysis` finds both in audio, `synthesis` makes audio
of them, `codec` packs them into latents.
"""
