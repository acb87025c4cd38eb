"""Texts that several APIs are tested with."""

SENTENCE = "The quick brown fox jumps over the lazy dog. "
ENDLESS = SENTENCE * 500
"""Twenty-five minutes of speech, yet written out and split in no time."""
ENDLESS_REQUEST = {
    "input": ENDLESS,
    "voice": "ada.ogg",
    "parameters": {"num_steps": 8, "stream_steps": [4, 8]},
}
"""A minute of work and more, longer than any test waits; its first audio comes soon."""
THREE_SEMITONES = 2 ** (3 / 12) - 1
"""How far off the reference's pitch a voice may be heard: relative, of the small checkpoint."""

PARAGRAPHS = "\n\n".join(
    (
        "The harbour was quiet when the last ferry came in. Dr. Mason counted 12 passengers, "
        "wrote the number down, and closed the gate behind them.",
        "Nobody spoke on the way up the hill. At 7.30 the lamps went on, one after the other; "
        "the wind had turned to the north, and it smelled of snow.",
        "“Will you stay the night?” she asked. He looked at the dark windows across the bay, and "
        "then at the fire. “If there is room,” he said, “I should like that very much.”",
    )
)
"""Three paragraphs, more than one chunk, with what a splitter could trip over."""
