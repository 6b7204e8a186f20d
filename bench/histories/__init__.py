"""Random histories in the real database: what sync's pages come to must be what is read anew.

Several writers act at once through the services, each with a database connection and a clock of its own, and commit as
late as a transaction may live. Clients with tokens of every age sync meanwhile and after it.
"""
