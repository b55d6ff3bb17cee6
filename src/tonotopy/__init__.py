"""Find your way in large collections of sound."""
