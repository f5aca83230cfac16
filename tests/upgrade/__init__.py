"""Upgrades of running installations: a stored database of every released version goes to the newest and back."""
