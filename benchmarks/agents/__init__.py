"""How well agents' tools answer: questions over the demo's data, with answers known from the simulators alone."""
