"""ElevenLabs' text-to-speech API over our service: its clients work by another URL."""
