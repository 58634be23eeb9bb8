UPDATE taskmill.ping SET at = {clock} RETURNING at
