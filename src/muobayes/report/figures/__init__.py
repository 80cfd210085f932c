"""One figure per module; each takes plain arrays and gives a matplotlib figure."""
