"""The schema's history, one dated file per change, and the guards that keep records as they are."""
