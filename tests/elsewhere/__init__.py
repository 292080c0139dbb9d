"""Does imgbatch work where a system lacks what Linux has? ``python -m tests.elsewhere`` runs its tests there."""
