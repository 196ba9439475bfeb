"""The database room: raw tables, migrations, connections, bulk load, export."""

__version__ = "0.1.0"
