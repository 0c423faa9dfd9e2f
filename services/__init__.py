"""The three services, which never import each other, and `system`, the only package that knows all three."""
