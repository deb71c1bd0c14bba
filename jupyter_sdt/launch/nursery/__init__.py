"""A waiting process with torch imported, from which supervisors and ranks are forked."""
