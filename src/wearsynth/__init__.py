"""wearsynth: synthetic wearable-sensor data."""
