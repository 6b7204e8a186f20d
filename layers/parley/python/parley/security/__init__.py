"""Password hashes and access tokens. Hashing is a module of its own: only the sign-in functions carry argon2."""
