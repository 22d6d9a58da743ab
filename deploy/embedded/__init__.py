"""Parts that a machine without a database or an object store starts for itself: embedded PostgreSQL and SeaweedFS.

For the demo and the tests only; a production installation names real servers in its settings instead.
"""
