"""Named reads and writes of the store, one file per noun; set-based where the flows are (DESIGN §8)."""
