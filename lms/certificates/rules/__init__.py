"""What is true of certificates: codes, serials, the chain, the words they carry."""
