"""The only package that knows all three services: mounts them on one port, proves them against each other (`verify`),
and shows them at work (`demo`)."""
