"""Feedback: which answers of a served model a person should correct, and their corrections as text to learn from."""
