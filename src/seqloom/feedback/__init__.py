"""Feedback: how far what is asked has drifted, which answers a person should correct, and corrections to learn from."""
