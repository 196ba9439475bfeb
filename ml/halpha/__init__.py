"""Is there emission in H-alpha? Windows, images, networks, their training and their scores."""
