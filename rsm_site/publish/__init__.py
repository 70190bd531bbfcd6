"""A built site -> a static host: what will change there, sent as a whole, read back, and taken back."""
