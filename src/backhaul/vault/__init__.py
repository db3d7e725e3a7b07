"""Where connections' credentials are kept: sealed in the control store, or with whoever keeps secrets already."""
