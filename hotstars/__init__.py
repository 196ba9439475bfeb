"""The `hotstars` command: one module a verb. It may import every room; no room imports it."""
