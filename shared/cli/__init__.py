"""The command line, `lapak …`. Each command is loaded by name when it is called; nothing here imports a service."""
