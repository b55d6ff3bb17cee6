"""Schema migrations, run by Alembic on the first write to a library."""
