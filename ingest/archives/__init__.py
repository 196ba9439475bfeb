"""Archives: HTTP with patience, a cache of finished chunks, and the services' protocols.

Why the protocols over plain ``requests`` and not astroquery: every chunk must be checked on
arrival, cached with its address and SHA-256, resumed after a kill, retried by one policy and
pointed at another server. Each protocol is a page of code; astroquery and pyvo serve the
tests as independent clients of the same play-back server.
"""
