"""Which spoken word may be the first of what is said for a written one, as `eff` for `FBI`."""

from __future__ import annotations

_NAMES = (
    "ay bee see dee ee eff jee aitch eye jay kay ell em en oh pee cue ar ess tee you vee "
    "double ex why zee"
)
_LETTERS = dict(zip("abcdefghijklmnopqrstuvwxyz", _NAMES.split(), strict=True))
_BEGINNINGS: dict[str, tuple[str, ...]] = {
    **{letter: (letter, name) for letter, name in _LETTERS.items()},
    "0": ("zero", "oh"),
    "1": ("one", "ten", "eleven", "twelve", "first"),
    "2": ("tw", "second"),
    "3": ("th",),
    "4": ("fo",),
    "5": ("fi",),
    "6": ("six",),
    "7": ("seven",),
    "8": ("eigh",),
    "9": ("nin",),
    "#": ("number", "hash"),
    "-": ("minus",),
    "−": ("minus",),
    "+": ("plus",),
    "@": ("at",),
    "~": ("about",),
    "<": ("less",),
    ">": ("more",),
}


def begins_as(written: str, spoken: str) -> bool:
    """Tell whether `spoken` sounds like the beginning of `written`, as read in English."""
    first = next((char for char in written.lower() if char in _BEGINNINGS), "")
    said = spoken.lstrip("\"'“‘([").lower()
    is_teen = first == "1" and said.rstrip(",.;:!?").endswith("teen")
    return is_teen or said.startswith(_BEGINNINGS.get(first, ()))
