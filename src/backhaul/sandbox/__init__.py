"""Local simulators of the vendors, as strict as the vendors, with a control API to make trouble."""
