"""Confinement: what a worker or a recorder takes away from itself before it reads what strangers send."""
