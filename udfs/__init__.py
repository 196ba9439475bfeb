"""SQL functions: Arrow in, `ml` called, Arrow out; and the dbt plugin that registers them."""
