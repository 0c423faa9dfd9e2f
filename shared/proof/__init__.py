"""What `lapak verify` holds the rows of a service against: what was posted of them when they were written.

watching.py   which tables are watched: triggers write the digest of every row posted to a queue (`posting`)
sealing.py    a loop of the courier: about once a second it seals what was logged and posted, over the seal before
witnesses.py  the others keep the seals that they were told of: who rewrites a log must rewrite what they hold too
"""
