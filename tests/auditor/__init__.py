"""An auditor with a superuser's hand: changes, deletes and adds posted rows, and reads what `lapak verify` says."""
