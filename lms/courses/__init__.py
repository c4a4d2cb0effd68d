"""Course files read, checked and published as versions for ever."""
