"""What every test needs: the real binary under a port of its own, a world for each test, and real clients aimed at it."""
