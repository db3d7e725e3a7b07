"""Who is measured: each a module that runs in a process of its own, given the server's address and a folder."""
