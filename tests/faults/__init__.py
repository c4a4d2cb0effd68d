"""The real server, with real faults: killed, without room, locked out, hung upon."""
