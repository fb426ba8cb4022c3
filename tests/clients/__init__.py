"""Other people's programs that read what wearsynth writes, each in its own environment."""
