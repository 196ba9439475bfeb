"""What `hotstars train` does: samples from the warehouse, networks from `ml`, cards."""
