"""What do shells offer when Tab is pressed? Real ones, under a pseudo-terminal."""
