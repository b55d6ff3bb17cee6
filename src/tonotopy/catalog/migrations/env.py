"""What Alembic runs: the migrations, over the connection that the catalog hands in."""

from alembic import context

from tonotopy.catalog.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
