"""The names of letters, as English spells with them."""

_NAMES = (
    "ay bee see dee ee eff jee aitch eye jay kay ell em en oh pee cue ar ess tee you vee "
    "double-you ex why zee"
)
LETTER_NAMES = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _NAMES.split(), strict=True))
"""By capital."""
