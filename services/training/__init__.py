"""Training: people and skills. Stands inside the wall.

Owns: residents (their names encrypted, in a table of their own), skills, programmes, assessments, training and
competency certificates, attestations.
Announces: SkillGranted, SkillWithdrawn, TokenRevoked.
Listens to: OutputAccepted, TokenRevoked (inventory), SaleReturned, TokenRevoked (sales): the practice log of each
resident.
Screens: the console (`/training/`): skills, expiring certificates, badges.
"""
